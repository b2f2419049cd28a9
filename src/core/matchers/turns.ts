import { rangeOf, ranges, within, type Range } from "./range.ts";
import type { Matcher } from "./types.ts";

/** Asks how many messages of a conversation are the model's; both bounds belong to the range. */
export const turns: Matcher<Range> = {
  name: "turns",
  summary: "How many messages of the request are the model's: 0 in its first turn",
  value: rangeOf("messages of the model"),
  ...ranges,
  compile: (range) => [within("turns", range, (call) => call.facts.conversation?.()?.turns)],
};

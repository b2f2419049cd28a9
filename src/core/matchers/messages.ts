import { rangeOf, ranges, within, type Range } from "./range.ts";
import type { Matcher } from "./types.ts";

/** Asks how many messages a conversation has; both bounds belong to the range. */
export const messages: Matcher<Range> = {
  name: "messages",
  summary: "How many messages the request has; a system prompt that is a member of its own is none of them",
  value: rangeOf("messages"),
  ...ranges,
  compile: (range) => [within("messages", range, (call) => call.facts.conversation?.()?.messages)],
};

import { rangeOf, ranges, within, type Range } from "./range.ts";
import type { Matcher } from "./types.ts";

/** Asks how long the prompt is; both bounds belong to the range. */
export const promptTokens: Matcher<Range> = {
  name: "promptTokens",
  summary: "Length of the prompt, in tokens; never true for a request of which no body is read",
  value: rangeOf("prompt tokens"),
  ...ranges,
  compile: (range) => [within("promptTokens", range, (call) => call.facts.promptTokens())],
};

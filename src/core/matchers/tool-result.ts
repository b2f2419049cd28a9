import { expression, searchedChars, searches } from "./expression.ts";
import type { Matcher } from "./types.ts";

/** Asks for a part of the result of a tool that the model is to go on from. */
export const toolResult: Matcher<string> = {
  name: "toolResult",
  summary: `RE2 regular expression, searched in the first ${searchedChars.toLocaleString("en")} characters of the last message, where that is the result of a tool; its named groups can be used in \`reply\``,
  value: expression,
  compile: (pattern) => [searches("toolResult", pattern, (call) => call.facts.conversation?.()?.lastResult?.text)],
};

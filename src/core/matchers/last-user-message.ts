import { expression, searchedChars, searches } from "./expression.ts";
import type { Matcher } from "./types.ts";

/** Asks for a part of the last user message. */
export const lastUserMessage: Matcher<string> = {
  name: "lastUserMessage",
  summary: `RE2 regular expression, searched in the first ${searchedChars.toLocaleString("en")} characters of the last user message; its named groups can be used in \`reply\``,
  value: expression,
  compile: (pattern) => [searches("lastUserMessage", pattern, (call) => call.facts.lastUserMessage())],
};

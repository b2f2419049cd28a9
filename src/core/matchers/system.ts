import { expression, searchedChars, searches } from "./expression.ts";
import type { Matcher } from "./types.ts";

/** Asks for a part of the system prompt. */
export const system: Matcher<string> = {
  name: "system",
  summary: `RE2 regular expression, searched in the first ${searchedChars.toLocaleString("en")} characters of the system prompt; its named groups can be used in \`reply\``,
  value: expression,
  compile: (pattern) => [searches("system", pattern, (call) => call.facts.conversation?.()?.system)],
};

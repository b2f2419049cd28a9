import { RE2JS } from "re2js";
import { z } from "zod";
import { shown } from "./conditions.ts";
import type { Matcher } from "./types.ts";

const maxExpressionLength = 1000;

/** Max length of what is searched of a message: 64 Ki characters. */
export const searchedChars = 64 * 1024;

/** Max length of what `explain` shows of a message. */
const shownChars = 80;

/** Asks for a part of the last user message. */
export const lastUserMessage: Matcher<string> = {
  name: "lastUserMessage",
  summary: `RE2 regular expression, searched in the first ${searchedChars.toLocaleString("en")} characters of the last user message`,
  value: z.string().min(1).max(maxExpressionLength).check(checkExpression),
  compile(pattern) {
    const expression = RE2JS.compile(pattern);
    return [
      {
        name: "lastUserMessage",
        expected: `/${pattern}/`,
        test(call) {
          const text = call.facts.lastUserMessage();
          return (
            text !== undefined && expression.test(text.length > searchedChars ? text.slice(0, searchedChars) : text)
          );
        },
        seen(call) {
          const text = call.facts.lastUserMessage();
          return shown(text !== undefined && text.length > shownChars ? `${text.slice(0, shownChars)}…` : text);
        },
      },
    ];
  },
};

function checkExpression(context: z.core.ParsePayload<string>): void {
  try {
    RE2JS.compile(context.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `is not a valid RE2 regular expression: ${reason}`;
    context.issues.push({ code: "custom", message, input: context.value });
  }
}

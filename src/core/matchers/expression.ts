import { RE2JS } from "re2js";
import { z } from "zod";
import type { Groups } from "../replies/types.ts";
import type { Call } from "../types.ts";
import { shown } from "./conditions.ts";
import type { Condition } from "./types.ts";

const maxExpressionLength = 1000;

/** Max length of what is searched of a text: 64 Ki characters. */
export const searchedChars = 64 * 1024;

/** Max length of what `explain` shows of a text. */
const shownChars = 80;

/** An RE2 regular expression. */
export const expression = z.string().min(1).max(maxExpressionLength).check(checkExpression);

/** A condition that holds where an expression finds something in a text; its named groups are for replies. */
export function searches(name: string, pattern: string, of: (call: Call) => string | undefined): Condition {
  const compiled = RE2JS.compile(pattern);
  const names = Object.keys(compiled.namedGroups());
  const textOf = (call: Call): string | undefined => {
    const text = of(call);
    return text !== undefined && text.length > searchedChars ? text.slice(0, searchedChars) : text;
  };
  const condition: Condition = {
    name,
    expected: `/${pattern}/`,
    test(call) {
      const text = textOf(call);
      return text !== undefined && compiled.test(text);
    },
    seen(call) {
      const text = of(call);
      return shown(text !== undefined && text.length > shownChars ? `${text.slice(0, shownChars)}…` : text);
    },
  };
  if (names.length === 0) return condition;
  return { ...condition, groups: { names, of: (call) => groupsIn(textOf(call) ?? "", compiled, names) } };
}

function groupsIn(text: string, compiled: RE2JS, names: readonly string[]): Groups {
  const matcher = compiled.matcher(text);
  if (!matcher.find()) return {};
  return Object.fromEntries(names.map((name) => [name, matcher.group(name) ?? ""]));
}

function checkExpression(context: z.core.ParsePayload<string>): void {
  try {
    RE2JS.compile(context.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `is not a valid RE2 regular expression: ${reason}`;
    context.issues.push({ code: "custom", message, input: context.value });
  }
}

import { z } from "zod";
import { StuntdoubleError } from "./errors.ts";
import { matchers } from "./matchers/index.ts";
import type { Condition } from "./matchers/types.ts";

export type { Condition } from "./matchers/types.ts";

/** What a rule asks of a call, by the names of the matchers and their options; every member that is given must hold. */
export type Match = Readonly<Record<string, unknown>>;

/** What the configuration may have under `match`. */
export const matchSchema = z.strictObject(
  Object.fromEntries(
    matchers.flatMap(({ name, summary, value, options = {} }) => [
      [name, value.optional().describe(summary)],
      ...Object.entries(options),
    ]),
  ),
);

/**
 * Compiles what a rule asks to a list of conditions, the cheapest first.
 *
 * @param rule its name
 * @param perAttempt each retry of a call gets a draw of its own
 * @throws CONFIG_INVALID for what no check of the configuration has seen
 */
export function compileMatch(match: Match, rule: string, perAttempt: boolean): Condition[] {
  const { data, error } = matchSchema.safeParse(match);
  if (error !== undefined) throw new StuntdoubleError("CONFIG_INVALID", z.prettifyError(error), { cause: error });
  const context = { name: rule, perAttempt, match: data };
  return matchers.flatMap((matcher) => {
    const value = data[matcher.name];
    return value === undefined ? [] : matcher.compile(value, context);
  });
}

/** Whether rules with this match get the same result for a call, whatever they are called and from whatever seed they draw. */
export function isSameForAll(match: Match): boolean {
  return matchers.every(({ name, isOwn }) => isOwn !== true || match[name] === undefined);
}

/** Whether every call that meets `narrow` meets `wide`, too; both are valid. False where that is not known. */
export function matchCovers(wide: Match, narrow: Match): boolean {
  return matchers.every(({ name, passesAll, covers = isSame }) => {
    const [value, other] = [wide[name], narrow[name]];
    if (value === undefined || passesAll?.(value) === true) return true;
    return other !== undefined && covers(value, other);
  });
}

/** Whether no call can meet both, which are valid. False where that is not known. */
export function matchesExclude(one: Match, other: Match): boolean {
  return matchers.some(({ name, excludes }) => {
    const [value, against] = [one[name], other[name]];
    return value !== undefined && against !== undefined && excludes?.(value, against) === true;
  });
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The options that have no effect, because the matcher they belong to is not asked. */
export function uselessOptions(match: Match): { readonly option: string; readonly matcher: string }[] {
  return matchers.flatMap(({ name, options = {} }) =>
    match[name] === undefined
      ? Object.keys(options).flatMap((option) => (match[option] === undefined ? [] : [{ option, matcher: name }]))
      : [],
  );
}

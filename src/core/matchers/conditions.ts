import { compileGlob, type TextTest } from "../glob.ts";
import type { Call } from "../types.ts";
import type { Condition } from "./types.ts";

/** A value as `explain` shows it; `(none)` for one that is not there. */
export function shown(value: string | boolean | undefined): string {
  return value === undefined ? "(none)" : JSON.stringify(value);
}

/** A condition that holds where a call has exactly that value. */
export function equals<Value extends string | boolean>(
  name: string,
  wanted: Value,
  of: (call: Call) => Value,
): Condition {
  return {
    name,
    expected: shown(wanted),
    test: (call) => of(call) === wanted,
    seen: (call) => shown(of(call)),
  };
}

/** A condition that holds where one of the globs matches what a call has; never, where it has nothing. */
export function globs(name: string, patterns: readonly string[], of: (call: Call) => string | undefined): Condition {
  const matches = anyOf(patterns);
  return {
    name,
    expected: patterns.map(shown).join(" or "),
    test(call) {
      const value = of(call);
      return value !== undefined && matches(value);
    },
    seen: (call) => shown(of(call)),
  };
}

function anyOf(patterns: readonly string[]): TextTest {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const open = patterns.filter((pattern) => pattern.includes("*")).map(compileGlob);
  const [only] = open;
  if (patterns.length === 1 && only !== undefined) return only;
  const [literal] = patterns;
  if (patterns.length === 1) return (text) => text === literal;
  return (text) => exact.has(text) || open.some((matches) => matches(text));
}

/**
 * A header of a call; only what the caller sent: `constructor` is a valid header name, and a member of every object.
 *
 * @param name in lower case
 */
export function headerOf(call: Call, name: string): string | undefined {
  const value: unknown = call.headers[name];
  return typeof value === "string" ? value : undefined;
}

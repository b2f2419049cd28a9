import type { RuleTrace } from "../../core/decide.ts";

/** The rule that came closest to a call that none of them took. */
export type NearestMiss = {
  readonly rule: string;
  /** Conditions that hold, up to the first that fails. */
  readonly passed: number;
  readonly conditions: number;
  /** The name of the condition that fails. */
  readonly failed: string;
};

/**
 * The rule with the fewest conditions left, the earliest of several.
 *
 * @returns undefined where a rule matches, and where there is none with conditions
 */
export function nearestMissOf(rules: readonly RuleTrace[]): NearestMiss | undefined {
  if (rules.some(({ result }) => result === "match")) return undefined;
  const misses = rules.flatMap(({ rule, conditions }): NearestMiss[] => {
    const passed = conditions.filter(({ result }) => result === "pass").length;
    const failed = conditions.find(({ result }) => result === "fail");
    return failed === undefined ? [] : [{ rule, passed, conditions: conditions.length, failed: failed.name }];
  });
  const left = ({ passed, conditions }: NearestMiss): number => conditions - passed;
  return misses.sort((a, b) => left(a) - left(b) || b.passed - a.passed)[0];
}

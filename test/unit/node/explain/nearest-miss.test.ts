import { expect, test } from "vitest";
import type { ConditionTrace, RuleTrace } from "../../../../src/core/decide.ts";
import { nearestMissOf } from "../../../../src/node/explain/nearest-miss.ts";

function rule(name: string, ...results: ConditionTrace["result"][]): RuleTrace {
  const conditions = results.map((result, index) => {
    return { name: `condition ${index + 1}`, expected: "", result, seen: undefined, draw: undefined };
  });
  return { rule: name, result: results.every((result) => result === "pass") ? "match" : "no match", conditions };
}

test("the nearest miss is the rule with the fewest conditions left", () => {
  const rules = [rule("far", "fail", "not reached", "not reached"), rule("near", "pass", "pass", "fail")];
  expect(nearestMissOf(rules)).toEqual({ rule: "near", passed: 2, conditions: 3, failed: "condition 3" });
});

test("of those with as many left, it is the one of which more holds", () => {
  const rules = [rule("bare", "fail"), rule("rich", "pass", "fail")];
  expect(nearestMissOf(rules)?.rule).toBe("rich");
});

test("where a rule matches, none is a miss", () => {
  expect(nearestMissOf([rule("other", "fail"), rule("right", "pass")])).toBeUndefined();
});

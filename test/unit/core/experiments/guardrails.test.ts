import { expect, test } from "vitest";
import { brokenGuardrail, verdictOf } from "../../../../src/core/experiments/guardrails.ts";
import { createSeenCollector } from "../../../../src/core/experiments/window.ts";
import { definitionOf } from "./running.ts";
import { outcome as makeOutcome } from "../../emit/outcome.ts";

/** So many calls, of which so many failed, all of them without a fault or by one. */
function seen(calls: number, failed: number, faults: readonly string[] = []) {
  const collector = createSeenCollector();
  for (let n = 0; n < calls; n += 1)
    collector.add(makeOutcome(n < failed ? { status: 503, faults } : { status: 200 }), "affected");
  return collector.take();
}

const { guardrails } = definitionOf({
  guardrails: [{ metric: "errorRate", above: 5, overMs: 3000, minCalls: 20 }],
});

test("a guardrail is broken above its value", () => {
  expect(brokenGuardrail(guardrails, [{ second: 4, clean: seen(100, 6).clean }], 4)).toEqual({
    metric: "errorRate",
    above: 5,
    value: 6,
  });
});

test.each([
  ["up to its value", [{ second: 4, clean: seen(100, 5).clean }]],
  ["by too few calls", [{ second: 4, clean: seen(19, 19).clean }]],
  ["by calls before the time it looks at", [{ second: 1, clean: seen(100, 100).clean }]],
  ["by failures that a fault made", [{ second: 4, clean: seen(100, 50, ["status"]).clean }]],
])("it is not broken %s", (_name, seconds) => {
  expect(brokenGuardrail(guardrails, seconds, 4)).toBeUndefined();
});

test("it adds up the seconds that it looks at", () => {
  const seconds = [2, 3, 4].map((second) => ({ second, clean: seen(10, 1).clean }));
  expect(brokenGuardrail(guardrails, seconds, 4)).toMatchObject({ value: 10 });
});

const { expect: expectations } = definitionOf({ expect: [{ metric: "errorRate", atMost: 1, minCalls: 50 }] });

test.each([
  ["held", seen(100, 1), undefined, "errorRate was 1, wanted at most 1"],
  ["did not hold", seen(100, 2), undefined, "errorRate was 2, wanted at most 1"],
  ["inconclusive", seen(49, 0), undefined, "errorRate: 49 calls, 50 are needed"],
  ["inconclusive", seen(100, 0), "it was stopped by ann", "it was stopped by ann"],
  ["did not hold", seen(100, 2), "it was stopped by ann", "errorRate was 2, wanted at most 1"],
] as const)("the verdict %s", (result, calls, interrupted, why) => {
  expect(verdictOf(expectations, calls, interrupted)).toMatchObject({ result, why });
});

test("an experiment that affected nobody says nothing about the hypothesis", () => {
  const collector = createSeenCollector();
  for (let n = 0; n < 100; n += 1) collector.add(makeOutcome({}), "not drawn");
  expect(verdictOf(expectations, collector.take(), undefined)).toMatchObject({ why: "no call was affected" });
});

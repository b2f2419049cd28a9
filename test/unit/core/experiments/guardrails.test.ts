import { expect, test } from "vitest";
import { brokenGuardrail, brokenText, verdictOf } from "../../../../src/core/experiments/guardrails.ts";
import { createSeenCollector, endedCall } from "../../../../src/core/experiments/window.ts";
import { definitionOf } from "./running.ts";
import { outcome as makeOutcome } from "../../emit/outcome.ts";

/** So many calls, of which so many failed, all of them without a fault or by one. */
function seen(calls: number, failed: number, faults: readonly string[] = []) {
  const collector = createSeenCollector();
  for (let n = 0; n < calls; n += 1)
    collector.add(endedCall(makeOutcome(n < failed ? { status: 503, faults } : { status: 200 })));
  return { ...collector.take(), affected: calls };
}

const { guardrails } = definitionOf({
  guardrails: [{ metric: "errorRate", above: 5, overMs: 3000, minCalls: 20 }],
});

test("a guardrail is broken above its value", () => {
  expect(brokenGuardrail(guardrails, [{ second: 4, ...seen(100, 6) }], 4)).toEqual({
    metric: "errorRate",
    above: 5,
    value: 6,
  });
});

test.each([
  ["up to its value", [{ second: 4, ...seen(100, 5) }]],
  ["by too few calls", [{ second: 4, ...seen(19, 19) }]],
  ["by calls before the time it looks at", [{ second: 1, ...seen(100, 100) }]],
  ["by failures that a fault made", [{ second: 4, ...seen(100, 50, ["status"]) }]],
])("it is not broken %s", (_name, seconds) => {
  expect(brokenGuardrail(guardrails, seconds, 4)).toBeUndefined();
});

test("one with below is broken below its value", () => {
  const [below] = definitionOf({ guardrails: [{ metric: "clientSuccessRate", below: 99, minCalls: 20 }] }).guardrails;
  const broken = (failed: number) => brokenGuardrail([below!], [{ second: 4, ...seen(100, failed) }], 4);
  expect(broken(1)).toBeUndefined();
  expect(broken(2)).toEqual({ metric: "clientSuccessRate", below: 99, value: 98 });
  expect(brokenText(broken(2)!)).toBe("clientSuccessRate was 98, below 99");
});

test.each([{}, { above: 5, below: 1 }])("a guardrail needs either above or below, not %j", (limits) => {
  expect(() => definitionOf({ guardrails: [{ metric: "errorRate", ...limits }] })).toThrow(
    "needs either above or below",
  );
});

test("it adds up the seconds that it looks at", () => {
  const seconds = [2, 3, 4].map((second) => ({ second, ...seen(10, 1) }));
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
  for (let n = 0; n < 100; n += 1) collector.add(endedCall(makeOutcome({})));
  expect(verdictOf(expectations, collector.take(), undefined)).toMatchObject({ why: "no call was affected" });
});

test("one that is about clients looks at the calls with a fault as well", () => {
  const [ofClients] = definitionOf({
    guardrails: [{ metric: "retryAmplification", above: 1.5, minCalls: 20 }],
  }).guardrails;
  const collector = createSeenCollector();
  for (let n = 0; n < 40; n += 1)
    collector.add(endedCall(makeOutcome({ status: 503, faults: ["status"], attempt: n < 20 ? 1 : 2 })));
  const seconds = [{ second: 4, ...collector.take() }];
  expect(ofClients === undefined ? [] : brokenGuardrail([ofClients], seconds, 4)).toMatchObject({ value: 2 });
});

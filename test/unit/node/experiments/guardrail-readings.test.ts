import { expect, test } from "vitest";
import { guardrailReadings } from "../../../../src/node/experiments/guardrail-readings.ts";
import { repeated, runOf, withCalls } from "../../core/experiments/report/sample.ts";

const guardrails = [
  { metric: "errorRate", above: 5, overMs: 10_000, minCalls: 4 },
  { metric: "ttftP95Ms", above: 4000, overMs: 30_000, minCalls: 50 },
  { metric: "clientSuccessRate", below: 90, overMs: 10_000, minCalls: 1 },
];
const good = repeated(3);
const bad = repeated(1, { outcome: { status: 503 } });
const running = withCalls(runOf({ guardrails }, { state: "running" }), 0, [...good, ...bad]);

test("each guardrail of a running experiment has what it sees and what it halts at", () => {
  const readings = guardrailReadings([running], 1000);
  expect(readings.map(({ name, labels, value }) => [name, labels?.join(" "), value])).toEqual([
    ["experiment_guardrail_value", "outage errorRate 10", 25],
    ["experiment_guardrail_limit", "outage errorRate 10 above", 5],
    ["experiment_guardrail_limit", "outage ttftP95Ms 30 above", 4000],
    ["experiment_guardrail_value", "outage clientSuccessRate 10", 75],
    ["experiment_guardrail_limit", "outage clientSuccessRate 10 below", 90],
  ]);
});

test("what lies further back than a guardrail looks is not in its value", () => {
  const names = guardrailReadings([running], 60_000).map(({ name }) => name);
  expect(names).not.toContain("experiment_guardrail_value");
});

test("an experiment that has ended has none", () => {
  expect(guardrailReadings([{ ...running, state: "completed" }], 1000)).toEqual([]);
});

test("two runs of one name have each series once", () => {
  const readings = guardrailReadings([running, running], 1000);
  expect(new Set(readings.map(({ name, labels }) => [name, ...(labels ?? [])].join())).size).toBe(readings.length);
});

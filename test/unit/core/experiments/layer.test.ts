import { describe, expect, test } from "vitest";
import {
  compileExperiment,
  involvements,
  withExperiments,
  type ExperimentCounts,
} from "../../../../src/core/experiments/layer.ts";
import type { Decision } from "../../../../src/core/types.ts";
import { makeCall } from "../../../support/call.ts";
import { runningOf } from "./running.ts";

const unlimited: ExperimentCounts = { take: () => true, release: () => undefined };

const decision: Decision = {
  rule: "all",
  serve: { from: "simulator", profile: undefined },
  mirror: undefined,
  faults: [{ kind: "delay", ms: 5 }],
  overrides: {},
};

function involved(changes: object, { nowMs = 0, id = "call", counts = unlimited } = {}) {
  return involvements(makeCall({ id }), [compileExperiment(runningOf(changes))], { nowMs, counts });
}

/** Of 20,000 calls, the share that is affected. */
function shareOf(changes: object, nowMs = 0): number {
  const experiments = [compileExperiment(runningOf(changes))];
  let affected = 0;
  for (let n = 0; n < 20_000; n += 1)
    for (const { result } of involvements(makeCall({ id: `c${n}` }), experiments, { nowMs, counts: unlimited }))
      if (result === "affected") affected += 1;
  return affected / 20_000;
}

function expectNear(share: number, wanted: number): void {
  expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / 20_000) + 1e-9);
}

test("an experiment adds its faults behind those of the rule", () => {
  expect(withExperiments(decision, involved({})).faults).toEqual([
    { kind: "delay", ms: 5 },
    { kind: "status", status: 503 },
  ]);
});

test("a call out of scope is in no experiment", () => {
  expect(involved({ match: { header: { "x-env": "staging" } } })).toEqual([]);
});

test.each([0.1, 1, 10, 50, 99.9])("a percentage of %f affects that share of the calls", (percentage) => {
  expectNear(shareOf({ percentage }), percentage / 100);
});

test("two experiments draw for themselves, so that their shares compose", () => {
  const experiments = [
    compileExperiment(runningOf({ name: "one", percentage: 50 }, { id: "e1" })),
    compileExperiment(runningOf({ name: "other", percentage: 50 }, { id: "e2", slot: 1 })),
  ];
  let both = 0;
  for (let n = 0; n < 20_000; n += 1) {
    const found = involvements(makeCall({ id: `c${n}` }), experiments, { nowMs: 0, counts: unlimited });
    if (found.every(({ result }) => result === "affected")) both += 1;
  }
  expectNear(both / 20_000, 0.25);
});

describe("stages", () => {
  const stages = [
    { name: "slow", durationMs: 10_000, rampMs: 4000, faults: [{ kind: "delay", ms: 100 }] },
    { name: "storm", durationMs: 10_000, faults: [{ kind: "status", status: 529 }] },
    { name: "recovery", durationMs: 10_000 },
  ];

  test.each([
    [9999, "slow", "delay"],
    [10_000, "storm", "status"],
  ])("at %i ms the stage %s acts by %s", (nowMs, stage, kind) => {
    const [only] = involved({ stages }, { nowMs });
    expect([only?.stage, only?.faults.map((fault) => fault.kind)]).toEqual([stage, [kind]]);
  });

  test("a stage without faults affects nobody", () => {
    expect(involved({ stages }, { nowMs: 25_000 })).toMatchObject([{ stage: "recovery", result: "not drawn" }]);
  });

  test.each([
    [0, 0],
    [1000, 0.25],
    [3000, 0.75],
    [4000, 1],
  ])("a ramp has risen at %i ms to a share of %f", (nowMs, share) => {
    expectNear(shareOf({ stages }, nowMs), share);
  });

  test("time that the stages leave over affects nobody", () => {
    expect(involved({ stages }, { nowMs: 40_000 })).toMatchObject([{ stage: undefined, result: "not drawn" }]);
  });
});

test("after its end a call is in no experiment", () => {
  expect(involved({}, { nowMs: 60_000 })).toEqual([]);
});

test("a call beyond the limits passes untouched, and is told apart", () => {
  const counts = { ...unlimited, take: () => false };
  expect(involved({}, { counts })).toMatchObject([{ result: "limited", faults: [] }]);
});

test("the limits are asked only for a call that would be affected", () => {
  let asked = 0;
  const counts = { ...unlimited, take: () => (asked += 1) > 0 };
  involved({ percentage: 1e-9 }, { counts });
  expect(asked).toBe(0);
});

test("a fault with a percentage of its own draws within the affected calls", () => {
  expectNear(shareOf({ percentage: 50, faults: [{ kind: "status", status: 500, percentage: 20 }] }), 0.1);
});

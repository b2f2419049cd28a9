import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSeenCollector, endedCall, metricOf, sumOf, unseen } from "../../../../src/core/experiments/window.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { quantileOf } from "../../../../src/core/experiments/times.ts";
import { outcome as makeOutcome } from "../../emit/outcome.ts";

function seen(...outcomes: readonly Partial<Outcome>[]) {
  const collector = createSeenCollector();
  for (const each of outcomes) collector.add(endedCall(makeOutcome(each)));
  return collector.take();
}

const took = (ttftMs: number) => ({ actual: { ttftMs, totalMs: ttftMs * 2, tokens: 1, atMs: [ttftMs] } });

test.each([
  [{ status: 200, ending: "finish" }, 0],
  [{ status: 404, ending: "finish" }, 0],
  [{ status: 429, ending: "finish" }, 100],
  [{ status: 503, ending: "finish" }, 100],
  [{ status: 200, ending: "cut" }, 100],
  [{ status: 200, ending: "stall" }, 100],
  [{ status: 499, ending: "client-gone" }, 0],
] as const)("a call that ends by %o makes an error rate of %i %", (outcome, rate) => {
  expect(metricOf("errorRate", seen(outcome).all)).toBe(rate);
});

test("calls on which a fault acted are not among the clean ones", () => {
  const { all, clean, faults } = seen({ status: 503, faults: ["status"] }, { status: 200 });
  expect([all.calls, clean.calls, clean.failed, faults]).toEqual([2, 1, 0, { status: 1 }]);
});

test("what was taken is not given again", () => {
  const collector = createSeenCollector();
  collector.add(endedCall(makeOutcome({})));
  collector.take();
  expect(collector.take()).toEqual(unseen);
});

test("a quantile is within 2.5 % of the exact one", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1 }), (list) => {
      const { all } = seen(...list.map(took));
      const exact = list.toSorted((a, b) => a - b)[Math.ceil(list.length * 0.5) - 1]!;
      const found = quantileOf(all.ttft, 0.5)!;
      expect(Math.abs(found / exact - 1)).toBeLessThan(0.026);
    }),
  );
});

test("sums are the same whatever loop saw a call", () => {
  const outcomes = [took(10), took(50), { status: 503 }, { ...took(100), faults: ["cut"] }];
  expect(sumOf(outcomes.map((outcome) => seen(outcome)))).toEqual(seen(...outcomes));
});

describe("without calls", () => {
  test.each(["errorRate", "stallRate", "ttftP95Ms", "itlP99Ms"] as const)("%s has no value", (metric) => {
    expect(metricOf(metric, unseen.all)).toBeUndefined();
  });
});

import { expect, test } from "vitest";
import { createScaler, type Reading } from "../../../../src/core/capacity/scaler.ts";
import { policyOf } from "../../../support/capacity/plan.ts";

/** Readings of one minute each; gives the change of each. */
function changes(readings: readonly Partial<Reading>[], policy = policyOf()): (number | undefined)[] {
  const scaler = createScaler(policy);
  return readings.map(
    (reading, index) =>
      scaler({ cpuPercentage: 50, p99Ms: 10, nodes: 10, ...reading, atSeconds: (index + 1) * 60 })?.nodes,
  );
}

function times(count: number, reading: Partial<Reading>): Partial<Reading>[] {
  return Array.from({ length: count }, () => reading);
}

test("CPU above its limit adds nodes after the whole of its time, not before", () => {
  expect(changes(times(5, { cpuPercentage: 76 }))).toEqual([undefined, undefined, undefined, undefined, 5]);
});

test("P99 above its limit adds nodes after its own time", () => {
  expect(changes(times(2, { p99Ms: 16 }))).toEqual([undefined, 5]);
});

test("a metric at its limit is not above it", () => {
  expect(changes(times(9, { cpuPercentage: 75, p99Ms: 15 })).every((change) => change === undefined)).toBe(true);
});

test("one minute below the limit begins the time anew", () => {
  const readings = [...times(4, { cpuPercentage: 80 }), {}, ...times(4, { cpuPercentage: 80 })];
  expect(changes(readings).every((change) => change === undefined)).toBe(true);
});

test("nodes are removed only when both CPU and P99 are low", () => {
  const low = { cpuPercentage: 30, p99Ms: 5 };
  expect(changes(times(10, { ...low, p99Ms: 9 })).at(-1)).toBeUndefined();
  expect(changes(times(10, { ...low, cpuPercentage: 41 })).at(-1)).toBeUndefined();
  expect(changes(times(10, low)).at(-1)).toBe(-5);
});

test("after a change nothing changes until the cooldown is over", () => {
  expect(changes(times(8, { p99Ms: 16 }))).toEqual([
    undefined,
    5,
    undefined,
    undefined,
    undefined,
    undefined,
    5,
    undefined,
  ]);
});

test("no more nodes are added than there may be, and none removed below the minimum", () => {
  expect(changes(times(2, { p99Ms: 16, nodes: 18 })).at(-1)).toBe(2);
  expect(changes(times(2, { p99Ms: 16, nodes: 20 })).at(-1)).toBe(0);
  expect(changes(times(10, { cpuPercentage: 10, p99Ms: 5, nodes: 4 })).at(-1)).toBe(-2);
  expect(changes(times(10, { cpuPercentage: 10, p99Ms: 5, nodes: 2 })).at(-1)).toBeUndefined();
});

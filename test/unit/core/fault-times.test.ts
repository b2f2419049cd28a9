import { describe, expect, test } from "vitest";
import { prepareFault, totalDelayMs } from "../../../src/core/faults/index.ts";
import { withDrawnTimes } from "../../../src/core/fault-times.ts";
import type { FaultConfig } from "../../../src/core/types.ts";

const slow = { kind: "lognormal", p50: 2000, p99: 9000 };
const delay: FaultConfig = { kind: "delay", where: "firstToken", ms: slow };

function drawn(faults: readonly FaultConfig[], callId = "call-1", { seed = 7, maxDelayMs = 1e9 } = {}) {
  return withDrawnTimes(faults, { seed, callId, maxDelayMs });
}

const msOf = (faults: readonly FaultConfig[]) => faults.map(({ ms }) => Number(ms));
const many = Array.from({ length: 20_000 }, (_, index) => `call-${index}`);

test("faults without a distribution are left as they are", () => {
  const faults = [{ kind: "delay", ms: 5 }, { kind: "cut" }];
  expect(drawn(faults)).toBe(faults);
});

test("the same seed and call draw the same time, another call and another seed another one", () => {
  expect(drawn([delay])).toEqual(drawn([delay]));
  expect(drawn([delay])).toEqual([{ kind: "delay", where: "firstToken", ms: expect.any(Number) as number }]);
  expect(drawn([delay], "call-2")).not.toEqual(drawn([delay]));
  expect(drawn([delay], "call-1", { seed: 8 })).not.toEqual(drawn([delay]));
});

describe("a fault that an experiment has added", () => {
  const drawnIn = (name: string, seed: number, before: readonly FaultConfig[] = []) =>
    withDrawnTimes([...before, delay], {
      seed: 7,
      callId: "call-1",
      maxDelayMs: 1e9,
      experimentOf: (fault) => (fault === delay ? { name, seed } : undefined),
    }).at(-1);

  test("draws its times by the seed of that", () => {
    expect(drawnIn("a", 1)).toEqual(drawnIn("a", 1));
    expect(drawnIn("a", 2)).not.toEqual(drawnIn("a", 1));
    expect(drawnIn("b", 1)).not.toEqual(drawnIn("a", 1));
  });

  test("draws the same whatever faults its rule has", () => {
    expect(drawnIn("a", 1, [{ ...delay }])).toEqual(drawnIn("a", 1));
  });
});

test("two faults of a kind draw for themselves", () => {
  const [first, second] = msOf(drawn([delay, delay]));
  expect(first).not.toBe(second);
});

test("a fault of another kind in front changes no draw", () => {
  expect(drawn([{ kind: "cut", afterTokens: 3 }, delay])[1]).toEqual(drawn([delay])[0]);
});

test("times over many calls have the percentiles of the distribution", () => {
  const times = many.flatMap((id) => msOf(drawn([delay], id))).toSorted((a, b) => a - b);
  expect(times[times.length * 0.5]! / 2000).toBeCloseTo(1, 1);
  expect(times[times.length * 0.99]! / 9000).toBeCloseTo(1, 1);
});

test("no call is delayed by more than it may be, and a draw within that is left as it is", () => {
  for (const id of many.slice(0, 2000)) {
    const faults = [delay, { kind: "delay", ms: 1000 }, delay];
    const [free] = msOf(drawn(faults, id));
    const limited = msOf(drawn(faults, id, { maxDelayMs: 10_000 }));
    expect(limited.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(10_000);
    expect(limited[0]).toBe(Math.min(free!, limited[0]!));
    expect(limited[1]).toBe(1000);
  }
});

test("when a fault acts may be drawn too, and does not count as a delay", () => {
  const [cut] = drawn([{ kind: "cut", afterMs: { kind: "uniform", min: 500, max: 900 } }], "call-1", { maxDelayMs: 1 });
  expect(cut?.["afterMs"]).toBeGreaterThanOrEqual(500);
  expect(cut?.["afterMs"]).toBeLessThanOrEqual(900);
});

test("of a distribution the least that it can be counts against what a call may be delayed by", () => {
  expect(totalDelayMs([{ kind: "delay", ms: { kind: "uniform", min: 300, max: 900 } }])).toBe(300);
  expect(totalDelayMs([{ kind: "delay", ms: { kind: "constant", value: 70 } }])).toBe(70);
});

test.each([
  [{ kind: "lognormal", p50: 9000, p99: 2000 }, "ms.p99: must be a number of at least 9000, got 2000"],
  [{ kind: "lognormal", p50: 9000 }, "ms.p99: is required and must be a number"],
  [{ kind: "normal", mean: 3 }, "ms.kind: "],
  [0, "ms: must be at least 1"],
  ["soon", "ms: must be a number of milliseconds, or a distribution such as { kind: lognormal, p50: 2000, p99: 9000 }"],
])("a time that is %j is refused with what is wrong", (ms, message) => {
  expect(() => prepareFault({ kind: "delay", ms })).toThrow(message);
});

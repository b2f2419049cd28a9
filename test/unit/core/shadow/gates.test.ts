import { expect, test } from "vitest";
import { areGates, gatesText, readGates } from "../../../../src/core/shadow/gates.ts";

test("gates are read in the order of their quantiles", () => {
  expect(readGates("p95=10%, p50=5%,p99.9=2.5%")).toEqual([
    { quantile: 0.5, tolerance: 0.05 },
    { quantile: 0.95, tolerance: 0.1 },
    { quantile: 0.999, tolerance: 0.025 },
  ]);
});

test("gates come back as they are written", () => {
  expect(gatesText(readGates("p29=7%,p99.9=2.5%"))).toBe("p29=7%,p99.9=2.5%");
});

test.each(["", "p50", "p50=5", "p0=5%", "p100=5%", "p50=0%", "p50=100%", "50=5%", "p50=5%,", "p50=-5%", "p1e1=5%"])(
  "%j is refused with an example",
  (text) => {
    expect(() => readGates(text)).toThrow(/gates must be quantiles with their tolerances, such as p50=5%,p95=10%, not/);
    expect(areGates(text)).toBe(false);
  },
);

test("a quantile that is named twice is refused by its name", () => {
  expect(() => readGates("p50=5%,p95=1%,p50.0=6%")).toThrow("gates name p50 more than once.");
});

import { describe, expect, test } from "vitest";
import { quantileTable } from "../../../../src/core/fit/candidates.ts";
import { distanceOf, fitDistribution } from "../../../../src/core/fit/choose.ts";
import { sortedOf } from "../../../../src/core/fit/sample.ts";
import { quantileOf } from "../../../../src/core/statistics/quantile.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { prepareDistribution } from "../../../../src/core/simulator/distribution.ts";
import type { Distribution } from "../../../../src/core/simulator/types.ts";

function drawsOf(distribution: Distribution, count: number, seed = 1): number[] {
  const { sample } = prepareDistribution("x", distribution);
  const rng = createRng(seed);
  return Array.from({ length: count }, () => sample(rng));
}

describe("2,000 draws", () => {
  test.each<Distribution>([
    { kind: "lognormal", p50: 400, p99: 1280 },
    { kind: "lognormal", p50: 300, p99: 700, shift: 250 },
    { kind: "gamma", mean: 20, shape: 3 },
    { kind: "mixture", share: 0.1, first: { p50: 500, p99: 700 }, second: { p50: 4000, p99: 9000 } },
    { kind: "uniform", min: 100, max: 900 },
  ])(
    "of any distribution are fitted so that others are no farther from the fit than from them: $kind",
    (distribution) => {
      const others = sortedOf(drawsOf(distribution, 2000, 2));
      const { distribution: found } = fitDistribution(drawsOf(distribution, 2000));
      const { w1, ks } = distanceOf(found, others);
      expect([w1 < 0.04, ks < 0.045]).toEqual([true, true]);
    },
  );

  test("of a body and a slow part are not taken for one lognormal", () => {
    const mixture = {
      kind: "mixture",
      share: 0.05,
      first: { p50: 600, p99: 900 },
      second: { p50: 4000, p99: 5000 },
    } as const;
    expect(["mixture", "quantiles"]).toContain(fitDistribution(drawsOf(mixture, 2000)).distribution.kind);
  });

  test("are chosen for by what was held back, the same each time", () => {
    const values = drawsOf({ kind: "gamma", mean: 20, shape: 3 }, 500);
    expect(fitDistribution(values)).toEqual(fitDistribution(values));
  });
});

test("values that are all the same are constant, and zeros are a table", () => {
  expect(fitDistribution([5, 5, 5, 5, 5, 5]).distribution).toEqual({ kind: "constant", value: 5 });
  expect(fitDistribution([0, 1, 2, 3, 4, 5]).distribution.kind).toBe("quantiles");
});

test("a table leaves out the rows that a line stands for", () => {
  const straight = Float64Array.from({ length: 5000 }, (_, index) => 100 + index);
  expect(quantileTable(straight)).toEqual({
    kind: "quantiles",
    table: [
      [0, 100],
      [1, 5099],
    ],
  });
});

test("a table of many values has max 203 rows and is within a percent of each", () => {
  const sorted = sortedOf(drawsOf({ kind: "lognormal", p50: 400, p99: 4000 }, 20_000));
  const table = quantileTable(sorted);
  expect(table.kind === "quantiles" && table.table.length <= 203).toBe(true);
  const { at } = prepareDistribution("x", table);
  for (const q of [0.01, 0.25, 0.5, 0.9, 0.99]) expect(Math.abs(at(q) / quantileOf(sorted, q) - 1)).toBeLessThan(0.01);
});

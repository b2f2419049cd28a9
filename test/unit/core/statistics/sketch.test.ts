import { describe, expect, test } from "vitest";
import { createRng } from "../../../../src/core/rng.ts";
import { quantileOf } from "../../../../src/core/statistics/quantile.ts";
import { createSketch, sketchFrom, type Sketch } from "../../../../src/core/statistics/sketch.ts";

const shares = [0, 0.01, 0.25, 0.5, 0.95, 0.99, 0.999, 1];

function sketchOf(values: readonly number[]): Sketch {
  const sketch = createSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

function anyTimes(seed: number, count: number): number[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => Math.exp(6 + 2 * (rng() + rng() + rng() - 1.5)));
}

describe("a sketch", () => {
  test("has quantiles within 1 % of the value at that rank", () => {
    const values = anyTimes(1, 20_000);
    const sorted = Float64Array.from(values).sort();
    for (const share of shares) {
      const exact = sorted[Math.floor(share * (sorted.length - 1))]!;
      expect(Math.abs(sketchOf(values).quantile(share) / exact - 1)).toBeLessThan(0.0101);
    }
  });

  test("of several parts merged is that of the whole", () => {
    const values = anyTimes(2, 3000);
    const merged = sketchOf(values.slice(0, 1000));
    merged.merge(sketchOf(values.slice(1000)));
    expect(merged.toJSON()).toEqual(sketchOf(values).toJSON());
    expect(merged.count()).toBe(3000);
  });

  test("comes back from JSON as it was", () => {
    const sketch = sketchOf([0, 0, 1, 2.5, 1e9]);
    const again = sketchFrom(JSON.parse(JSON.stringify(sketch)));
    expect(again.toJSON()).toEqual(sketch.toJSON());
    expect(shares.map((share) => again.quantile(share))).toEqual(shares.map((share) => sketch.quantile(share)));
  });

  test("keeps zeros, which gaps between tokens of one event are", () => {
    const sketch = sketchOf([0, 0, 0, 10]);
    expect([sketch.quantile(0.5), sketch.quantile(1)]).toEqual([0, 10]);
  });

  test("takes no more memory however far apart its values are, and keeps the large ones right", () => {
    const values = Array.from({ length: 20_000 }, (_, at) => 1e-5 * 1.002 ** at);
    const sketch = sketchOf(values);
    expect(sketch.toJSON().bins.length).toBeLessThanOrEqual(2 * 2048);
    expect(Math.abs(sketch.quantile(0.99) / quantileOf(values, 0.99) - 1)).toBeLessThan(0.0101);
    expect(sketch.count()).toBe(20_000);
  });

  test("of nothing has no quantile, and adds nothing to another", () => {
    const sketch = sketchOf([5]);
    sketch.merge(createSketch());
    expect([sketch.quantile(0), createSketch().quantile(0.5)]).toEqual([5, Number.NaN]);
  });

  test("refuses numbers below 0 or not finite", () => {
    for (const value of [-1, Number.NaN, Infinity]) expect(() => createSketch().add(value)).toThrow(RangeError);
  });

  test("refuses what no sketch has written", () => {
    for (const bins of [[1], [1.5, 2], [1, -2], [1, Number.NaN]])
      expect(() => sketchFrom({ zeros: 0, min: 0, max: 1, bins })).toThrow(RangeError);
  });
});

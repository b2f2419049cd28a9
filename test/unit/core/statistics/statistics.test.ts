import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createRng } from "../../../../src/core/rng.ts";
import { bootstrap, intervalOf, ratiosOf } from "../../../../src/core/statistics/bootstrap.ts";
import { ksDistance, ksProbability, wasserstein, wassersteinWithin } from "../../../../src/core/statistics/distance.ts";
import { placeOf } from "../../../../src/core/statistics/equivalence.ts";
import { noiseDistances, normalTail, probabilityOf } from "../../../../src/core/statistics/noise.ts";
import { countedQuantiles, quantileOf } from "../../../../src/core/statistics/quantile.ts";
import { clustersIn, meanOf, samplesOf } from "../../../../src/core/statistics/samples.ts";

type Pair = {
  name: string;
  a: number[];
  b: number[];
  shares: number[];
  quantiles: number[];
  ks: number;
  ksProbability: number;
  wasserstein: number;
};
type Limits = { shares: number[]; level: number; low: number[]; high: number[] };
type Reference = {
  normalTail: [number, number][];
  pairs: Pair[];
  clusters: {
    a: number[][];
    b: number[][];
    shares: number[];
    counted: { counts: number[]; quantiles: number[] }[];
    unpaired: Limits;
    paired: Limits;
    noise: { sizes: [number, number]; shares: number[]; distances: number[] };
  };
};

// Made by make.py beside it, with NumPy and SciPy.
const reference: Reference = JSON.parse(readFileSync("test/data/statistics/reference.json", "utf8"));
const { pairs, clusters } = reference;
const sorted = (values: number[]): Float64Array => Float64Array.from(values).sort();
const digits = 9;

describe.each(pairs)("of two samples, $name,", (pair) => {
  const [a, b] = [sorted(pair.a), sorted(pair.b)];

  test("quantiles are those of numpy.quantile", () => {
    for (const [at, share] of pair.shares.entries())
      expect(quantileOf(a, share)).toBeCloseTo(pair.quantiles[at]!, digits);
  });

  test("the KS distance and its probability are those of scipy", () => {
    expect(ksDistance(a, b)).toBeCloseTo(pair.ks, digits);
    expect(ksProbability(pair.ks, [a.length, b.length])).toBeCloseTo(pair.ksProbability, 6);
  });

  test("the Wasserstein distance is that of scipy, whichever comes first", () => {
    expect(wasserstein(a, b)).toBeCloseTo(pair.wasserstein, digits);
    expect(wasserstein(b, a)).toBeCloseTo(pair.wasserstein, digits);
  });

  test("parts of one sample are as far apart as two samples", () => {
    const both = samplesOf([pair.a, pair.b]);
    expect(wassersteinWithin(both, Uint8Array.of(1, 0))).toBeCloseTo(pair.wasserstein, digits);
  });
});

test("quantiles of clusters that were drawn several times are those of numpy over all that was drawn", () => {
  const samples = samplesOf(clusters.a);
  const row = new Float64Array(clusters.shares.length);
  for (const { counts, quantiles } of clusters.counted) {
    countedQuantiles(samples, { shares: clusters.shares, counts: Uint32Array.from(counts) }, row);
    for (const [at, value] of row.entries()) expect(value).toBeCloseTo(quantiles[at]!, digits);
  }
});

describe.each([
  { paired: false, limits: clusters.unpaired },
  { paired: true, limits: clusters.paired },
])("the interval of a quantile ratio, paired $paired,", ({ paired, limits }) => {
  const { shares, level } = limits;
  const options = { shares, replicates: 4000, paired };
  const [a, b] = [samplesOf(clusters.a), samplesOf(clusters.b)];

  test("is that of numpy over resampled streams, but for what 4,000 replicates leave to chance", () => {
    const drawn = bootstrap(a, b, { ...options, rng: createRng(1) });
    for (const [at] of shares.entries()) {
      const { low, high } = intervalOf(ratiosOf(drawn.candidate[at]!, drawn.reference[at]!), level);
      expect(Math.abs(low - limits.low[at]!)).toBeLessThan(0.012);
      expect(Math.abs(high - limits.high[at]!)).toBeLessThan(0.012);
    }
  });

  test("is the same for the same seed", () => {
    const made = [7, 7, 8].map((seed) => bootstrap(a, b, { ...options, replicates: 50, rng: createRng(seed) }));
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).not.toEqual(made[2]);
  });
});

test("noise of a side against itself is that of scipy over random halves", () => {
  const { sizes, shares, distances } = clusters.noise;
  const found = noiseDistances(samplesOf(clusters.a), { splits: 5000, rng: createRng(3), sizes });
  for (const [at, share] of shares.entries()) {
    expect(quantileOf(found, share) / distances[at]!).toBeGreaterThan(0.96);
    expect(quantileOf(found, share) / distances[at]!).toBeLessThan(1.04);
  }
});

test("the probability of a distance is the share of those by chance that are not below, and of a rare one that of their fit", () => {
  const distances = Float64Array.from({ length: 99 }, (_, at) => at + 1);
  expect([0, 1, 50].map((distance) => probabilityOf(distances, distance))).toEqual([1, 1, 0.51]);
  expect(probabilityOf(distances, 10_000)).toBeLessThan(0.001);
  expect(probabilityOf(new Float64Array(99), 0)).toBe(1);
});

test("the probability of a distance is a number also where all distances by chance are the same", () => {
  expect(probabilityOf(Float64Array.of(2, 2, 2), 2)).toBe(1);
});

test("the tail of the normal distribution is that of scipy", () => {
  for (const [z, share] of reference.normalTail) expect(normalTail(z)).toBeCloseTo(share, 6);
});

test("an interval lies inside, outside or across the bounds of a tolerance", () => {
  const places = [
    [0.95, 1.05],
    [1.06, 1.2],
    [0.7, 0.94],
    [0.9, 1],
    [0.5, 2],
  ].map(([low = 0, high = 0]) => placeOf({ low, high }, 0.05));
  expect(places).toEqual(["inside", "outside", "outside", "across", "across"]);
});

test("samples without values have no quantile, mean or distance", () => {
  const none = samplesOf([[], []]);
  const row = new Float64Array(1);
  countedQuantiles(none, { shares: [0.5], counts: Uint32Array.of(1, 1) }, row);
  const values = [quantileOf(none.values, 0.5), row[0], meanOf(none), wasserstein(none.values, Float64Array.of(1))];
  expect([...values, ksDistance(none.values, none.values)]).toEqual(values.map(() => Number.NaN).concat(Number.NaN));
});

test("numbers that are not finite are no samples", () => {
  const samples = samplesOf([[Number.NaN, 2, Infinity], [], [1]]);
  expect([...samples.values]).toEqual([1, 2]);
  expect([...samples.owners]).toEqual([2, 0]);
  expect(clustersIn(samples)).toBe(2);
});

import { describe, expect, test } from "vitest";
import { createRng } from "../../../../src/core/rng.ts";
import { compare } from "../../../../src/core/shadow/compare.ts";
import { defaultGates, readGates } from "../../../../src/core/shadow/gates.ts";
import { samplesOf, type Samples } from "../../../../src/core/statistics/samples.ts";
import { normal } from "../../../support/records/mirrored.ts";

/** First tokens of `calls` calls, lognormal with a median of 400 ms. */
function firstTokens(seed: number, calls: number, factor = 1): Samples {
  const rng = createRng(seed);
  return samplesOf(Array.from({ length: calls }, () => [400 * factor * Math.exp(0.5 * normal(rng))]));
}

/** Gaps of streams that have a level of their own, those above the median stretched so that p95 is `factor` times as long. */
function gaps(seed: number, calls: number, factor = 1): Samples {
  const rng = createRng(seed);
  const stretch = 1 + Math.log(factor) / (0.5 * 1.645);
  const stream = (): number[] => {
    const level = 0.1 * normal(rng);
    return Array.from({ length: 20 }, () => {
      const off = level + 0.5 * normal(rng);
      return 20 * Math.exp(off > 0 ? off * stretch : off);
    });
  };
  return samplesOf(Array.from({ length: calls }, stream));
}

const options = { gates: defaultGates, rng: createRng(1) };

/** How many of some runs come to each result. */
function resultsOf(runs: number, run: (seed: number) => ReturnType<typeof compare>): Record<string, number> {
  const results: Record<string, number> = {};
  for (let seed = 0; seed < runs; seed += 1) {
    const { result } = run(seed);
    results[result] = (results[result] ?? 0) + 1;
  }
  return results;
}

describe("of 1,000 calls on each side", { timeout: 120_000 }, () => {
  test("first tokens that are 10 % later are called different in 9 of 10 runs and more", () => {
    const results = resultsOf(20, (seed) =>
      compare(firstTokens(seed, 1000), firstTokens(seed + 500, 1000, 1.1), options),
    );
    expect(results["differs"]).toBeGreaterThanOrEqual(18);
  });

  test("first tokens that are the same are called different in 1 of 20 runs at most", () => {
    const results = resultsOf(40, (seed) => compare(firstTokens(seed, 1000), firstTokens(seed + 500, 1000), options));
    expect(results["differs"] ?? 0).toBeLessThanOrEqual(2);
  });

  test("gaps whose p95 alone is 10 % longer are called different there where 5 % are tolerated", () => {
    const found = compare(gaps(1, 1000), gaps(2, 1000, 1.1), { ...options, gates: readGates("p50=5%,p95=5%") });
    expect(found.gates.map(({ quantile, result }) => [quantile, result])).toEqual([
      [0.5, "match"],
      [0.95, "differs"],
    ]);
    expect(found.gates[1]!.ratio).toBeCloseTo(1.1, 1);
    expect(found.result).toBe("differs");
  });

  test("gaps that are the same match", () => {
    expect(compare(gaps(3, 1000), gaps(4, 1000), options).result).toBe("match");
  });
});

describe("too few calls", () => {
  test("are said to be, with how many more would probably settle it", () => {
    const { result, moreCalls = 0 } = compare(firstTokens(1, 1000), firstTokens(501, 1000), options);
    expect(result).toBe("not enough data");
    expect(moreCalls).toBeGreaterThan(500);
    expect(moreCalls).toBeLessThan(20_000);
    expect(compare(firstTokens(1, 6000), firstTokens(501, 6000), options).result).toBe("match");
  });

  test("for a quantile say nothing of it, however far the sides are apart", () => {
    const { gates, moreCalls } = compare(firstTokens(1, 150), firstTokens(2, 150, 3), options);
    expect(gates.map(({ result }) => result)).toEqual(["differs", "not enough data"]);
    expect(moreCalls).toBeUndefined();
  });

  test("on a side are none where it has no values", () => {
    const none = samplesOf([]);
    expect(compare(firstTokens(1, 100), none, options)).toMatchObject({ result: "not enough data", moreCalls: 200 });
  });
});

describe("values that are all alike", () => {
  const alike = (value: number): Samples => samplesOf(Array.from({ length: 300 }, () => [value]));

  test("match those that are the same, also where they are 0", () => {
    expect([0, 50].map((value) => compare(alike(value), alike(value), options).result)).toEqual(["match", "match"]);
  });

  test("differ from others, also where the real ones are 0, which has no ratio", () => {
    expect(compare(alike(50), alike(60), options).result).toBe("differs");
    const found = compare(alike(0), alike(5), options);
    expect(found.result).toBe("differs");
    expect(found.gates[0]).toMatchObject({ ratio: null, interval: { low: null, high: null } });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  test("match those that are less apart than counts", () => {
    expect(compare(alike(1), alike(1.2), { ...options, least: 0.25 }).result).toBe("match");
    expect(compare(alike(0), alike(0.2), { ...options, least: 0.25 }).result).toBe("match");
  });
});

test("timings of the same calls are resampled together, which makes their ratio surer", () => {
  const rng = createRng(9);
  const levels = Array.from({ length: 400 }, () => Math.exp(normal(rng)));
  const side = (): Samples => samplesOf(levels.map((level) => [100 * level * Math.exp(0.05 * normal(rng))]));
  const [a, b] = [side(), side()];
  const widths = [true, false].map((paired) => {
    const { interval } = compare(a, b, { ...options, paired }).gates[0]!;
    return interval.high! - interval.low!;
  });
  expect(widths[0]).toBeLessThan(widths[1]! / 2);
});

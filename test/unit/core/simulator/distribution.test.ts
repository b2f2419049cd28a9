import { describe, expect, test } from "vitest";
import { prepareDistribution } from "../../../../src/core/simulator/distribution.ts";
import { createRng } from "../../../../src/core/rng.ts";
import type { Distribution } from "../../../../src/core/types.ts";

/** The value below which the share `q` of all draws lies. */
function quantile(distribution: Distribution, q: number): number {
  return prepareDistribution("x", distribution).sample(() => q);
}

function meanOfDraws(distribution: Distribution): number {
  const { sample } = prepareDistribution("x", distribution);
  const rng = createRng(11);
  let sum = 0;
  for (let index = 0; index < 200_000; index += 1) sum += sample(rng);
  return sum / 200_000;
}

describe("a lognormal", () => {
  /** z of the standard normal distribution at each share. */
  const points = [
    [0.001, -3.090232],
    [0.1, -1.281552],
    [0.5, 0],
    [0.9, 1.281552],
    [0.99, 2.326348],
    [0.995, 2.575829],
    [0.999, 3.090232],
    [0.9999, 3.719016],
  ] as const;

  test.each([110, 220, 1000, 5600, 18_200])(
    "with p50 100 and p99 %d is right within 2 % from p0.1 to p99.99",
    (p99) => {
      const sigma = Math.log(p99 / 100) / 2.326348;
      for (const [q, z] of points) {
        const expected = 100 * Math.exp(sigma * z);
        expect(Math.abs(quantile({ kind: "lognormal", p50: 100, p99 }, q) / expected - 1)).toBeLessThan(0.02);
      }
    },
  );

  test("has the mean of its formula", () => {
    const sigma = Math.log(2) / 2.326348;
    const { mean } = prepareDistribution("x", { kind: "lognormal", p50: 14.2, p99: 28.4 });
    expect(mean / (14.2 * Math.exp((sigma * sigma) / 2))).toBeCloseTo(1, 4);
  });

  test("never exceeds its p99.999", () => {
    const most = 100 * Math.exp((Math.log(3) / 2.326348) * 4.264891);
    const drawn = quantile({ kind: "lognormal", p50: 100, p99: 300 }, 1 - 2 ** -32);
    expect(drawn / most).toBeCloseTo(1, 3);
  });

  test("whose p99 is its p50 is constant", () => {
    expect(quantile({ kind: "lognormal", p50: 5, p99: 5 }, 0.999)).toBeCloseTo(5, 9);
  });
});

describe("a shifted lognormal", () => {
  const shifted: Distribution = { kind: "lognormal", p50: 300, p99: 900, shift: 200 };

  test("has the p50 and p99 that it says, above its shift", () => {
    expect(quantile(shifted, 0.5) / 300).toBeCloseTo(1, 3);
    expect(quantile(shifted, 0.99) / 900).toBeCloseTo(1, 2);
    expect(quantile(shifted, 0)).toBeGreaterThan(200);
  });

  test("is refused where its shift is not below its p50", () => {
    expect(() => prepareDistribution("ttftMs", { ...shifted, shift: 300 })).toThrow(
      "ttftMs.shift must be a number below 300 of p50, got 300",
    );
  });
});

describe("a mixture", () => {
  const mixture: Distribution = {
    kind: "mixture",
    share: 0.03,
    first: { p50: 600, p99: 1100 },
    second: { p50: 4000, p99: 6000 },
  };

  test("has its second part above as many of its draws as its share says", () => {
    const { sample } = prepareDistribution("x", mixture);
    const rng = createRng(5);
    const draws = Array.from({ length: 50_000 }, () => sample(rng));
    expect(Math.abs(draws.filter((value) => value > 2000).length / draws.length - 0.03)).toBeLessThan(0.003);
  });

  test("of a share of 0 or 1 is the one part or the other", () => {
    for (const q of [0.1, 0.5, 0.99]) {
      const first = quantile({ kind: "lognormal", ...mixture.first }, q);
      const second = quantile({ kind: "lognormal", ...mixture.second }, q);
      expect(quantile({ ...mixture, share: 0 }, q) / first).toBeCloseTo(1, 4);
      expect(quantile({ ...mixture, share: 1 }, q) / second).toBeCloseTo(1, 4);
    }
  });
});

describe("a gamma", () => {
  test("of shape 1 is the exponential distribution", () => {
    for (const q of [0.1, 0.5, 0.9, 0.99, 0.999]) {
      expect(quantile({ kind: "gamma", mean: 20, shape: 1 }, q) / (-20 * Math.log(1 - q))).toBeCloseTo(1, 2);
    }
  });

  test("of shape 2 solves its distribution function", () => {
    for (const q of [0.01, 0.25, 0.75, 0.99, 0.999]) {
      const x = quantile({ kind: "gamma", mean: 2, shape: 2 }, q);
      expect(1 - Math.exp(-x) * (1 + x)).toBeCloseTo(q, 3);
    }
  });

  test.each([0.1, 0.5, 4, 100, 1000])("of shape %d has the mean it was given", (shape) => {
    expect(prepareDistribution("x", { kind: "gamma", mean: 100, shape }).mean / 100).toBeCloseTo(1, 2);
  });
});

describe("a quantile table", () => {
  const table = [
    [0, 100],
    [0.5, 200],
    [0.99, 500],
    [1, 2000],
  ] as const;

  test("gives its own points", () => {
    expect(quantile({ kind: "quantiles", table }, 0.5)).toBeCloseTo(200, 0);
    expect(quantile({ kind: "quantiles", table }, 0)).toBeCloseTo(100, 0);
    expect(quantile({ kind: "quantiles", table }, 1 - 2 ** -32)).toBeGreaterThan(1990);
  });

  test("goes straight between its points", () => {
    expect(quantile({ kind: "quantiles", table }, 0.25)).toBeCloseTo(150, 0);
    expect(quantile({ kind: "quantiles", table }, 0.995)).toBeCloseTo(1250, -1);
  });

  test("that does not start at 0 holds its first value below its first row", () => {
    const late: Distribution = {
      kind: "quantiles",
      table: [
        [0.1, 50],
        [0.9, 90],
      ],
    };
    expect(quantile(late, 0.05)).toBe(50);
    expect(quantile(late, 0.95)).toBe(90);
  });
});

describe("any distribution", () => {
  const all: Distribution[] = [
    { kind: "constant", value: 30 },
    { kind: "uniform", min: 10, max: 20 },
    { kind: "lognormal", p50: 447, p99: 799 },
    { kind: "gamma", mean: 15, shape: 3 },
    {
      kind: "quantiles",
      table: [
        [0, 0],
        [0.9, 10],
        [1, 100],
      ],
    },
  ];

  test.each(all)("says the mean of what it draws: $kind", (distribution) => {
    expect(meanOfDraws(distribution) / prepareDistribution("x", distribution).mean).toBeCloseTo(1, 1.7);
  });

  test("constant 30 draws 30, uniform 10 to 20 draws 10 to 20", () => {
    expect(quantile({ kind: "constant", value: 30 }, 0.7)).toBe(30);
    expect(quantile({ kind: "uniform", min: 10, max: 20 }, 0.25)).toBeCloseTo(12.5, 6);
  });

  test.each<[Distribution, string]>([
    [{ kind: "constant", value: -1 }, "ttftMs.value must be a number of at least 0, got -1"],
    [{ kind: "uniform", min: 5, max: 4 }, "ttftMs.max must be a number of at least 5, got 4"],
    [{ kind: "lognormal", p50: 0, p99: 4 }, "ttftMs.p50 must be a number above 0, got 0"],
    [{ kind: "lognormal", p50: 5, p99: 4 }, "ttftMs.p99 must be a number of at least 5, got 4"],
    [{ kind: "lognormal", p50: 5, p99: Infinity }, "ttftMs.p99 must be a number of at least 5, got Infinity"],
    [{ kind: "gamma", mean: Number.NaN, shape: 1 }, "ttftMs.mean must be a number above 0, got NaN"],
    [{ kind: "gamma", mean: 1, shape: 2000 }, "ttftMs.shape must be a number from 0.1 to 1000, got 2000"],
    [{ kind: "quantiles", table: [[0, 1]] }, "ttftMs.table must have at least 2 rows, got 1"],
    [
      {
        kind: "quantiles",
        table: [
          [0, 1],
          [2, 3],
        ],
      },
      "ttftMs.table[1] q must be a number from 0 to 1, got 2",
    ],
    [
      {
        kind: "quantiles",
        table: [
          [0.5, 1],
          [0.5, 3],
        ],
      },
      "ttftMs.table[1] must have a larger q than the row before, got 0.5",
    ],
    [
      {
        kind: "quantiles",
        table: [
          [0, 4],
          [1, 3],
        ],
      },
      "ttftMs.table[1] value must be a number of at least 4, got 3",
    ],
  ])("that makes no sense is refused by option, range and value: %j", (distribution, message) => {
    expect(() => prepareDistribution("ttftMs", distribution)).toThrow(new RangeError(message));
  });
});

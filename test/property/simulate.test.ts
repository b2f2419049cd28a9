import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { prepareDistribution } from "../../src/core/simulator/distribution.ts";
import { drawTiming, planTiming } from "../../src/core/simulator/latency.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { createRng, draw, hash32 } from "../../src/core/rng.ts";
import { makeText } from "../../src/core/simulator/text.ts";
import { createTokenCounter } from "../../src/core/simulator/tokens.ts";
import type { Distribution, LoadRow } from "../../src/core/types.ts";
import { profileOf } from "../support/profile.ts";

const amount = fc.double({ min: 0, max: 100_000, noNaN: true });
const positive = fc.double({ min: 0.001, max: 100_000, noNaN: true });

const quantiles: fc.Arbitrary<Distribution> = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 20 }),
    fc.array(amount, { minLength: 20, maxLength: 20 }),
  )
  .map(([shares, values]) => {
    const sorted = values.toSorted((a, b) => a - b);
    return {
      kind: "quantiles",
      table: shares.toSorted((a, b) => a - b).map((q, index) => [q / 1000, sorted[index]!] as const),
    };
  });

const lognormal = fc
  .tuple(positive, fc.double({ min: 1, max: 200, noNaN: true }))
  .map(([p50, ratio]) => ({ p50, p99: p50 * ratio }));

const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  amount.map((value) => ({ kind: "constant", value }) as const),
  fc.tuple(amount, amount).map(([min, more]) => ({ kind: "uniform", min, max: min + more }) as const),
  fc
    .tuple(positive, fc.double({ min: 1, max: 200, noNaN: true }))
    .map(([p50, ratio]) => ({ kind: "lognormal", p50, p99: p50 * ratio }) as const),
  fc
    .tuple(positive, fc.double({ min: 0.1, max: 50, noNaN: true }))
    .map(([mean, shape]) => ({ kind: "gamma", mean, shape }) as const),
  fc
    .tuple(positive, fc.double({ min: 1, max: 200, noNaN: true }), fc.double({ min: 0, max: 0.99, noNaN: true }))
    .map(([p50, ratio, share]) => ({ kind: "lognormal", p50, p99: p50 * ratio, shift: p50 * share }) as const),
  fc
    .record({ share: fc.double({ min: 0, max: 1, noNaN: true }), first: lognormal, second: lognormal })
    .map((parts) => ({ kind: "mixture", ...parts }) as const),
  quantiles,
);

const load: fc.Arbitrary<LoadRow[]> = fc
  .uniqueArray(fc.integer({ min: 0, max: 20_000 }), { maxLength: 5 })
  .chain((rows) =>
    fc.tuple(
      ...rows
        .toSorted((a, b) => a - b)
        .map((inFlight) =>
          fc.record({
            inFlight: fc.constant(inFlight),
            ttft: fc.double({ min: 0, max: 100, noNaN: true }),
            itl: fc.double({ min: 0, max: 100, noNaN: true }),
          }),
        ),
    ),
  );

/** What a profile may say of its gaps beyond a distribution. */
const shape = fc.record(
  {
    itlCorrelation: fc.double({ min: -0.99, max: 0.99, noNaN: true }),
    stalls: fc.record({
      percentage: fc.double({ min: 0, max: 100, noNaN: true }),
      per: fc.constantFrom("gap", "stream"),
      ms: distribution,
    }),
    tokensPerEvent: fc.integer({ min: 0, max: 9 }).map((value) => ({ kind: "constant", value }) as const),
    ttftByPrompt: fc
      .uniqueArray(fc.nat(100_000), { maxLength: 3 })
      .chain((rows) =>
        fc.tuple(
          ...rows
            .toSorted((a, b) => a - b)
            .map((from) => fc.record({ fromTokens: fc.constant(from), ttftMs: distribution })),
        ),
      ),
  },
  { requiredKeys: [] },
);

const overrides = fc.record({ ttftMs: amount, itlMs: amount }, { requiredKeys: [] });

describe("timing", () => {
  test("never goes back and ends with its last token", () => {
    fc.assert(
      fc.property(
        fc.record({ ttftMs: distribution, itlMs: distribution, load }),
        shape,
        fc.record({
          promptTokens: fc.nat(200_000),
          outputTokens: fc.nat(300),
          inFlight: fc.nat(30_000),
          overrides,
        }),
        fc.integer(),
        (changes, more, options, seed) => {
          const profile = prepareProfile(
            profileOf({ ...changes, ...more, prefill: { freePromptTokens: 100, msPer1000Tokens: 7 } }),
          );
          const timing = planTiming({ profile, rng: createRng(seed), ...options });
          expect(timing.atMs).toHaveLength(options.outputTokens);
          const again = drawTiming({ profile, rng: createRng(seed), ...options });
          for (const iteration of [1, 2]) expect([iteration, ...again.atMs]).toEqual([iteration, ...timing.atMs]);
          expect([again.ttftMs, again.totalMs]).toEqual([timing.ttftMs, timing.totalMs]);
          let previousMs = 0;
          for (const atMs of [timing.ttftMs, ...timing.atMs, timing.totalMs]) {
            expect(atMs).toBeGreaterThanOrEqual(previousMs);
            previousMs = atMs;
          }
          expect(timing.atMs[0] ?? timing.ttftMs).toBe(timing.ttftMs);
          expect(timing.atMs.at(-1) ?? timing.ttftMs).toBe(timing.totalMs);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("a sampler", () => {
  test("rises with the draw and is never negative or without end", () => {
    fc.assert(
      fc.property(
        distribution,
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 2 }),
        (given, shares) => {
          const { sample } = prepareDistribution("x", given);
          const values = shares.toSorted((a, b) => a - b).map((share) => sample(() => share));
          for (const [index, value] of values.entries()) {
            expect(Number.isFinite(value)).toBe(true);
            // Interpolation rounds in the last digits.
            expect(value * (1 + 1e-12)).toBeGreaterThanOrEqual(values[index - 1] ?? 0);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("chance", () => {
  test("stays from 0 to below 1 for any seed, rule and key", () => {
    fc.assert(
      fc.property(fc.integer(), fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (seed, rule, key) => {
        for (const x of [draw(seed, rule, key), createRng(seed)(), hash32(seed, rule, key) / 2 ** 32]) {
          expect(x >= 0 && x < 1).toBe(true);
        }
      }),
    );
  });
});

describe("text", () => {
  test("has one piece for each token and counts to that number", () => {
    const count = createTokenCounter({ exactUpToChars: 10_000 });
    fc.assert(
      fc.property(fc.integer(), fc.nat(300), (seed, tokens) => {
        const prose = makeText(createRng(seed), tokens);
        expect(prose.tokens).toHaveLength(tokens);
        expect(count(prose.text)).toBe(tokens);
      }),
    );
  });
});

describe("a token counter", () => {
  test("counts any text at all, to a whole number, the same each time", () => {
    const count = createTokenCounter();
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3000 }), (text) => {
        const tokens = count(text);
        expect(Number.isInteger(tokens) && tokens >= 0).toBe(true);
        expect(count(text)).toBe(tokens);
      }),
    );
  });
});

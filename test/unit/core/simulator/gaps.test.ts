import { describe, expect, test } from "vitest";
import { drawTiming, pickOutputTokens, planTiming } from "../../../../src/core/simulator/latency.ts";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import type { Profile } from "../../../../src/core/simulator/types.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { profileOf } from "../../../support/profile.ts";

type Asked = {
  readonly seed?: number;
  readonly tokens?: number;
  readonly inFlight?: number;
  readonly prompt?: number;
  readonly cached?: number;
};

function timingOf(
  changes: Partial<Profile>,
  { seed = 1, tokens = 100, inFlight = 1, prompt = 10, cached }: Asked = {},
) {
  return planTiming({
    profile: prepareProfile(profileOf(changes)),
    promptTokens: prompt,
    cachedTokens: cached,
    outputTokens: tokens,
    inFlight,
    rng: createRng(seed),
    overrides: {},
  });
}

function gapsOf(changes: Partial<Profile>, asked?: Asked): number[] {
  const { atMs } = timingOf(changes, asked);
  return atMs.slice(1).map((at, index) => at - (atMs[index] ?? 0));
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** Pearson's correlation of each value with the one before it. */
function lagOne(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const product = (shift: number) =>
    values.slice(shift).reduce((sum, value, index) => sum + (value - mean) * ((values[index] ?? 0) - mean), 0);
  return product(1) / product(0);
}

const itlMs = { kind: "lognormal", p50: 15, p99: 45 } as const;

describe("the correlation of gaps", () => {
  const tokens = 40_000;
  const independent = gapsOf({ itlMs }, { tokens });
  const correlated = gapsOf({ itlMs, itlCorrelation: 0.6 }, { tokens });

  test("makes a slow gap likely after a slow one", () => {
    expect(Math.abs(lagOne(independent))).toBeLessThan(0.03);
    expect(lagOne(correlated.map(Math.log))).toBeCloseTo(0.6, 1);
  });

  test("leaves the gaps distributed as without it", () => {
    const [one, two] = [sorted(independent), sorted(correlated)];
    for (const q of [0.05, 0.5, 0.95, 0.99]) {
      const at = Math.floor(q * tokens);
      expect(Math.abs((two[at] ?? 0) / (one[at] ?? 1) - 1)).toBeLessThan(0.05);
    }
  });

  test("may be negative", () => {
    expect(lagOne(gapsOf({ itlMs, itlCorrelation: -0.5 }, { tokens }).map(Math.log))).toBeCloseTo(-0.5, 1);
  });

  test("of 1 is refused", () => {
    expect(() => timingOf({ itlCorrelation: 1 })).toThrow(
      "itlCorrelation must be a number above -1 and below 1, got 1",
    );
  });
});

describe("stalls", () => {
  const ms = { kind: "constant", value: 2000 } as const;

  test("per gap come at their share of all gaps, beside the gap itself", () => {
    const gaps = gapsOf({ stalls: { percentage: 2, per: "gap", ms } }, { tokens: 20_001 });
    expect(new Set(gaps.map(Math.round))).toEqual(new Set([15, 2015]));
    expect(Math.abs(gaps.filter((gap) => gap > 2000).length / 20_000 - 0.02)).toBeLessThan(0.004);
  });

  test("per stream come once in their share of the streams, anywhere", () => {
    const at = Array.from({ length: 1000 }, (_, seed) =>
      gapsOf({ stalls: { percentage: 30, per: "stream", ms } }, { seed, tokens: 11 }).flatMap((gap, index) =>
        gap > 1000 ? [index] : [],
      ),
    );
    expect(Math.max(...at.map(({ length }) => length))).toBe(1);
    expect(Math.abs(at.flat().length / 1000 - 0.3)).toBeLessThan(0.05);
    expect(new Set(at.flat()).size).toBe(10);
  });

  test("are not in a stream whose gaps are wished", () => {
    const timing = planTiming({
      profile: prepareProfile(profileOf({ stalls: { percentage: 100, per: "gap", ms } })),
      promptTokens: 1,
      outputTokens: 3,
      inFlight: 1,
      rng: createRng(1),
      overrides: { itlMs: 5 },
    });
    expect(timing.atMs).toEqual([400, 405, 410]);
  });
});

test("tokens of one event leave together, the first with TTFT", () => {
  const tokensPerEvent = { kind: "constant", value: 3 } as const;
  expect(timingOf({ tokensPerEvent }, { tokens: 7 }).atMs).toEqual([400, 400, 400, 415, 415, 415, 430]);
});

describe("rows of the load with distributions", () => {
  const load = [
    {
      inFlight: 4,
      ttft: 1,
      itl: 1,
      itlMs: { kind: "uniform", min: 10, max: 11 },
      ttftMs: { kind: "constant", value: 100 },
    },
    {
      inFlight: 8,
      ttft: 1,
      itl: 1,
      itlMs: { kind: "uniform", min: 20, max: 41 },
      ttftMs: { kind: "constant", value: 300 },
    },
  ] as const;

  test("replace those of the profile at their number of calls, before the first and beyond the last", () => {
    expect([1, 4, 8, 99].map((inFlight) => timingOf({ load }, { inFlight }).ttftMs)).toEqual([100, 100, 300, 300]);
    const gaps = sorted(gapsOf({ load }, { inFlight: 8, tokens: 2000 }));
    expect([gaps[0], gaps.at(-1)].map((gap) => Math.round(gap ?? 0))).toEqual([20, 41]);
  });

  test("give quantiles between theirs in between, so that a tail can widen", () => {
    expect(timingOf({ load }, { inFlight: 6 }).ttftMs).toBe(200);
    const gaps = sorted(gapsOf({ load }, { inFlight: 6, tokens: 4000 }));
    expect([gaps[0], gaps.at(-1)].map((gap) => Math.round(gap ?? 0))).toEqual([15, 26]);
  });

  test("stand beside rows with factors of the profile's own", () => {
    const mixed = [{ inFlight: 1, ttft: 2, itl: 3 }, load[1]];
    expect(timingOf({ load: mixed }, { inFlight: 1 }).ttftMs).toBe(800);
    expect(gapsOf({ load: mixed }, { inFlight: 1, tokens: 2 })).toEqual([45]);
  });
});

describe("TTFT by prompt", () => {
  const ttftByPrompt = [
    { fromTokens: 1000, ttftMs: { kind: "constant", value: 700 } },
    { fromTokens: 8000, ttftMs: { kind: "constant", value: 2500 } },
  ] as const;

  test("is that of the last row that the prompt reaches", () => {
    const ttft = (prompt: number) => timingOf({ ttftByPrompt }, { prompt }).ttftMs;
    expect([999, 1000, 7999, 8000, 100_000].map(ttft)).toEqual([400, 700, 700, 2500, 2500]);
  });

  test("counts what no cache has, as prefill does", () => {
    const prefill = { freePromptTokens: 0, msPer1000Tokens: 10 };
    expect(timingOf({ ttftByPrompt, prefill }, { prompt: 9000, cached: 8500 }).ttftMs).toBe(405);
    expect(timingOf({ prefill }, { prompt: 100, cached: 500 }).ttftMs).toBe(400);
  });

  test("cannot be combined with a TTFT by load", () => {
    const load = [{ inFlight: 1, ttft: 1, itl: 1, ttftMs: { kind: "constant", value: 1 } }] as const;
    expect(() => timingOf({ ttftByPrompt, load })).toThrow(
      "ttftByPrompt cannot be combined with the ttftMs of a row of load",
    );
  });
});

test("an operation may have an output length of its own", () => {
  const profile = prepareProfile(profileOf({ outputTokensByOperation: { responses: { kind: "constant", value: 7 } } }));
  const tokens = (operation?: string) => pickOutputTokens(profile, () => 0.5, operation);
  expect([tokens("responses"), tokens("chat"), tokens()]).toEqual([7, 100, 100]);
});

test("times that are drawn again are the same, whatever the profile says of its gaps", () => {
  const stalls = { percentage: 20, per: "gap", ms: { kind: "constant", value: 90 } } as const;
  const tokensPerEvent = { kind: "uniform", min: 1, max: 4 } as const;
  const changes = { itlMs, itlCorrelation: 0.4, stalls, tokensPerEvent };
  const timing = drawTiming({
    profile: prepareProfile(profileOf(changes)),
    promptTokens: 10,
    outputTokens: 50,
    inFlight: 1,
    rng: createRng(1),
    overrides: {},
  });
  expect([...timing.atMs]).toEqual(timingOf(changes, { tokens: 50 }).atMs);
  expect([...timing.atMs]).toEqual([...timing.atMs]);
});

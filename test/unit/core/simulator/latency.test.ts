import { describe, expect, test } from "vitest";
import { loadAt } from "../../../../src/core/simulator/load.ts";
import { pickOutputTokens, planTiming } from "../../../../src/core/simulator/latency.ts";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { createRng } from "../../../../src/core/rng.ts";
import type { Profile, Overrides } from "../../../../src/core/types.ts";
import { profileOf } from "../../../support/profile.ts";

function plan(options: {
  profile?: Partial<Profile>;
  promptTokens?: number;
  outputTokens?: number;
  inFlight?: number;
  overrides?: Overrides;
  seed?: number;
}) {
  return planTiming({
    profile: prepareProfile(profileOf(options.profile)),
    promptTokens: options.promptTokens ?? 10,
    outputTokens: options.outputTokens ?? 4,
    inFlight: options.inFlight ?? 1,
    rng: createRng(options.seed ?? 1),
    overrides: options.overrides ?? {},
  });
}

const heavyLoad = [{ inFlight: 1, ttft: 3, itl: 2 }];

describe("planTiming", () => {
  test("sends the first token at TTFT and each further one after one ITL", () => {
    expect(plan({})).toEqual({ ttftMs: 400, atMs: [400, 415, 430, 445], totalMs: 445 });
  });

  test("of an engine that nobody says more of, is as that serves a call alone", () => {
    const engine = {
      prefillTokensPerSecond: 1000,
      maxBatchTokens: 8192,
      maxSequences: 4,
      decodeMs: [{ sequences: 1, ms: { kind: "constant", value: 5 } as const }],
    };
    expect(plan({ profile: { engine }, promptTokens: 100, outputTokens: 3 }).atMs).toEqual([500, 505, 510]);
  });

  test("draws each gap anew", () => {
    const { atMs } = plan({ profile: { itlMs: { kind: "uniform", min: 10, max: 20 } }, outputTokens: 50 });
    const gaps = [...atMs].slice(1).map((at, index) => at - atMs[index]!);
    expect(new Set(gaps).size).toBe(49);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(20);
  });

  test("has on average the total TTFT + (N − 1) × mean ITL", () => {
    const profile = prepareProfile(
      profileOf({
        ttftMs: { kind: "lognormal", p50: 447, p99: 799 },
        itlMs: { kind: "lognormal", p50: 14.2, p99: 28.4 },
      }),
    );
    const rng = createRng(3);
    const [runs, outputTokens] = [2000, 100];
    let totalMs = 0;
    for (let run = 0; run < runs; run += 1) {
      totalMs += planTiming({ profile, promptTokens: 10, outputTokens, inFlight: 1, rng, overrides: {} }).totalMs;
    }
    const formulaMs = profile.ttftMs.mean + (outputTokens - 1) * profile.itlMs.mean;
    expect(Math.abs(totalMs / runs / formulaMs - 1)).toBeLessThan(0.01);
  });

  test("adds prefill for the prompt tokens beyond the free ones", () => {
    const profile = { prefill: { freePromptTokens: 1000, msPer1000Tokens: 20 } };
    expect(plan({ profile, promptTokens: 1000 }).ttftMs).toBe(400);
    expect(plan({ profile, promptTokens: 3500 }).ttftMs).toBe(450);
  });

  test("multiplies TTFT and ITL, but not prefill, by the load", () => {
    const profile = { load: heavyLoad, prefill: { freePromptTokens: 0, msPer1000Tokens: 10 } };
    expect(plan({ profile, promptTokens: 1000, inFlight: 9 })).toMatchObject({ ttftMs: 1210, totalMs: 1210 + 3 * 30 });
  });

  test("takes a wished TTFT and ITL as they are, whatever prompt and load", () => {
    const profile = { load: heavyLoad, prefill: { freePromptTokens: 0, msPer1000Tokens: 10 } };
    const timing = plan({ profile, promptTokens: 5000, overrides: { ttftMs: 200, itlMs: 5 } });
    expect([...timing.atMs]).toEqual([200, 205, 210, 215]);
  });

  test("takes a wish of 0 as a wish", () => {
    expect(plan({ overrides: { ttftMs: 0, itlMs: 0 } })).toEqual({
      ttftMs: 0,
      atMs: [0, 0, 0, 0],
      totalMs: 0,
    });
  });

  test("is whole at TTFT when there are no tokens or only one", () => {
    expect(plan({ outputTokens: 0 })).toEqual({ ttftMs: 400, atMs: [], totalMs: 400 });
    expect(plan({ outputTokens: 1 })).toEqual({ ttftMs: 400, atMs: [400], totalMs: 400 });
  });

  test("repeats itself for the same chance", () => {
    const profile = {
      ttftMs: { kind: "lognormal", p50: 400, p99: 900 },
      itlMs: { kind: "gamma", mean: 15, shape: 3 },
    } as const;
    expect(plan({ profile, seed: 4 })).toEqual(plan({ profile, seed: 4 }));
    expect(plan({ profile, seed: 4 })).not.toEqual(plan({ profile, seed: 5 }));
  });
});

describe("loadAt", () => {
  const rows = [
    { inFlight: 10, ttft: 1, itl: 1 },
    { inFlight: 20, ttft: 3, itl: 2 },
    { inFlight: 40, ttft: 7, itl: 4 },
  ];

  test("gives each row at its own number of calls", () => {
    expect(loadAt(rows, 20)).toMatchObject({ ttft: 3, itl: 2 });
  });

  test("goes straight between two rows", () => {
    expect(loadAt(rows, 15)).toEqual({ ttft: 2, itl: 1.5 });
    expect(loadAt(rows, 30)).toEqual({ ttft: 5, itl: 3 });
  });

  test("holds the first row below it and the last row beyond it", () => {
    expect(loadAt(rows, 0)).toMatchObject({ ttft: 1, itl: 1 });
    expect(loadAt(rows, 4000)).toMatchObject({ ttft: 7, itl: 4 });
  });

  test("changes nothing for a profile without rows", () => {
    expect(loadAt([], 500)).toEqual({ ttft: 1, itl: 1 });
  });
});

describe("pickOutputTokens", () => {
  test("gives whole numbers around the profile's mean", () => {
    const profile = prepareProfile(profileOf({ outputTokens: { kind: "uniform", min: 10, max: 20 } }));
    const rng = createRng(5);
    const drawn = Array.from({ length: 5000 }, () => pickOutputTokens(profile, rng));
    expect(drawn.every((tokens) => Number.isInteger(tokens) && tokens >= 10 && tokens <= 20)).toBe(true);
    expect(drawn.reduce((sum, tokens) => sum + tokens, 0) / 5000).toBeCloseTo(15, 0);
  });

  test("gives at least one token", () => {
    const profile = prepareProfile(profileOf({ outputTokens: { kind: "constant", value: 0 } }));
    expect(pickOutputTokens(profile, createRng(1))).toBe(1);
  });
});

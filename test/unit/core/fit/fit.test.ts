import { describe, expect, test } from "vitest";
import { fitProfile, type FitOptions } from "../../../../src/core/fit/fit.ts";
import type { Observation } from "../../../../src/core/fit/types.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { pickOutputTokens, planTiming } from "../../../../src/core/simulator/latency.ts";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import type { Profile } from "../../../../src/core/simulator/types.ts";
import { profileOf } from "../../../support/profile.ts";

const options: FitOptions = {
  name: "fitted",
  description: "",
  models: [],
  source: "calls.ndjson",
  date: "2026-11-27",
  minCalls: 100,
  base: profileOf(),
};

/** What so many calls of a profile would show. */
function callsOf(
  changes: Partial<Profile>,
  count: number,
  asked: (index: number) => { prompt?: number; cached?: number; inFlight?: number; operation?: string } = () => ({}),
): Observation[] {
  const profile = prepareProfile(profileOf(changes));
  const rng = createRng(7);
  return Array.from({ length: count }, (_, index) => {
    const { prompt = 10, cached, inFlight = 1, operation } = asked(index);
    const outputTokens = pickOutputTokens(profile, rng, operation);
    const asking = { promptTokens: prompt, cachedTokens: cached, outputTokens, inFlight };
    const { ttftMs, atMs } = planTiming({ profile, ...asking, rng, overrides: {} });
    const gapsMs = atMs.slice(1).map((at, token) => at - (atMs[token] ?? 0));
    return { ttftMs, gapsMs, outputTokens, promptTokens: prompt, cachedTokens: cached, inFlight, operation };
  });
}

function fitted(calls: readonly Observation[], changes: Partial<FitOptions> = {}): Profile {
  const fit = fitProfile(calls, { ...options, ...changes });
  if (!fit.ok) throw new Error(fit.reasons.join());
  return fit.profile;
}

const known = {
  ttftMs: { kind: "mixture", share: 0.02, first: { p50: 600, p99: 1100 }, second: { p50: 3000, p99: 5000 } },
  itlMs: { kind: "lognormal", p50: 15, p99: 45 },
  outputTokens: { kind: "lognormal", p50: 40, p99: 160 },
} as const;

describe("5,000 calls of a known profile", () => {
  const profile = { ...known, itlCorrelation: 0.5 };
  const found = fitted(callsOf(profile, 5000));

  test.each(["ttftMs", "itlMs", "outputTokens"] as const)(
    "give its %s back within 5 percent at p50, p90, p95 and p99",
    (name) => {
      const [one, two] = [prepareProfile(profileOf(profile)), prepareProfile(found)];
      const off = [0.5, 0.9, 0.95, 0.99].filter((q) => Math.abs(two[name].at(q) / one[name].at(q) - 1) > 0.05);
      expect(off).toEqual([]);
    },
  );

  test("give the correlation of its gaps back", () => {
    expect(found.itlCorrelation).toBeCloseTo(0.5, 1);
  });

  test("say how far each of its distributions is from what was held back", () => {
    expect(found.fit).toMatchObject({ source: "calls.ndjson", date: "2026-11-27", calls: 5000 });
    for (const { w1, ks } of Object.values(found.fit?.measures ?? {}))
      expect([w1 < 0.05, ks < 0.05]).toEqual([true, true]);
    expect(found.sources["ttftMs"]).toContain("fitted to 5000 calls (calls.ndjson, 2026-11-27)");
  });
});

test("tokens that leave together are found, and the gaps between them", () => {
  const tokensPerEvent = { kind: "constant", value: 3 } as const;
  const found = fitted(callsOf({ ...known, tokensPerEvent, outputTokens: { kind: "constant", value: 60 } }, 400));
  expect(found.tokensPerEvent).toEqual(tokensPerEvent);
  expect(prepareProfile(found).itlMs.at(0.5) / 15).toBeCloseTo(1, 1);
});

test("rare long pauses are stalls, and no part of the gaps", () => {
  const stalls = { percentage: 0.5, per: "gap", ms: { kind: "uniform", min: 1900, max: 2100 } } as const;
  const found = fitted(callsOf({ ...known, stalls }, 500));
  expect(found.stalls?.percentage).toBeCloseTo(0.5, 1);
  expect(prepareProfile(found).stallMs?.at(0.5)).toBeCloseTo(2000, -2);
  expect(prepareProfile(found).itlMs.at(0.9999)).toBeLessThan(500);
});

test("TTFT that grows with the prompt is given by prompt, and falls in line with what is measured", () => {
  const ttftByPrompt = [{ fromTokens: 4000, ttftMs: { kind: "lognormal", p50: 2000, p99: 4000 } }] as const;
  const found = fitted(
    callsOf({ ...known, ttftByPrompt }, 1200, (index) => ({ prompt: index % 2 === 0 ? 300 : 5000 })),
  );
  expect(found.ttftByPrompt).toHaveLength(1);
  const ttft = (promptTokens: number) => {
    const rng = createRng(3);
    const base = { profile: prepareProfile(found), promptTokens, outputTokens: 1, inFlight: 1, overrides: {} };
    return Array.from({ length: 501 }, () => planTiming({ ...base, rng }).ttftMs).toSorted((a, b) => a - b)[250] ?? 0;
  };
  expect([ttft(300) / 610, ttft(5000) / 2000]).toEqual([expect.closeTo(1, 0.9), expect.closeTo(1, 0.9)]);
});

describe("calls of a provider that keeps the beginnings of prompts", () => {
  const ttftByPrompt = [{ fromTokens: 4000, ttftMs: { kind: "lognormal", p50: 2000, p99: 4000 } }] as const;
  const found = fitted(
    callsOf({ ...known, ttftByPrompt }, 3000, (index) => ({
      prompt: 9000,
      cached: index % 2 === 0 ? 0 : 8064 + (index % 3) * 128,
    })),
  );

  test("give its cache, as far as their counts tell it", () => {
    expect(found.promptCache).toEqual({ minTokens: 8064, blockTokens: 128, ttlMs: 300_000 });
    expect(found.sources["promptCache"]).toContain("ttlMs is an assumption");
  });

  test("give by how much cached tokens make the first one sooner, within 10 percent at p50 and p95", () => {
    const quantiles = (of: Profile, cachedTokens: number): number[] => {
      const [rng, profile] = [createRng(3), prepareProfile(of)];
      const asked = { profile, promptTokens: 9000, cachedTokens, outputTokens: 1, inFlight: 1, overrides: {}, rng };
      const sorted = Float64Array.from({ length: 4001 }, () => planTiming(asked).ttftMs).sort();
      return [sorted[2000]!, sorted[3800]!];
    };
    const real = profileOf({ ...known, ttftByPrompt });
    const off = [0, 8064].flatMap((cached) => {
      const other = quantiles(real, cached);
      return quantiles(found, cached).map((each, at) => Math.abs(each / other[at]! - 1));
    });
    expect(Math.max(...off)).toBeLessThan(0.1);
  });

  test("say nothing of a cache where there are too few", () => {
    const some = callsOf(known, 500, (index) => ({ prompt: 2000, cached: index < 150 ? 1024 : 0 }));
    expect(fitted(some).promptCache).toBeUndefined();
  });
});

test("TTFT and gaps that change with the calls in flight are given by load, tails included", () => {
  const load = [
    { inFlight: 1, ttft: 1, itl: 1, itlMs: { kind: "lognormal", p50: 10, p99: 11 } },
    { inFlight: 100, ttft: 4, itl: 1, itlMs: { kind: "lognormal", p50: 20, p99: 60 } },
  ] as const;
  const found = fitted(callsOf({ ...known, load }, 800, (index) => ({ inFlight: index % 2 === 0 ? 1 : 100 })));
  expect(found.load.map(({ inFlight }) => inFlight)).toEqual([1, 100]);
  const tails = prepareProfile(found).itlByLoad?.map(({ drawn }) => drawn.at(0.99) / drawn.at(0.5));
  expect([tails?.[0] ?? 0, tails?.[1] ?? 0]).toEqual([expect.closeTo(1.1, 1), expect.closeTo(3, 0)]);
});

test("operations with lengths of their own keep them", () => {
  const outputTokensByOperation = { responses: { kind: "constant", value: 400 } } as const;
  const calls = callsOf({ ...known, outputTokensByOperation }, 600, (index) => ({
    operation: index % 2 === 0 ? "chat" : "responses",
  }));
  expect(fitted(calls).outputTokensByOperation).toMatchObject({ responses: { kind: "constant", value: 400 } });
});

test("failures have their share by kind, and their times count for nothing", () => {
  const failed = [
    ...Array.from({ length: 30 }, () => ({ ttftMs: 1, failure: { kind: "status", status: 429 } as const })),
    ...Array.from({ length: 10 }, () => ({ ttftMs: 1, failure: { kind: "cut", afterTokens: 12 } as const })),
  ];
  const found = fitted([...callsOf(known, 960), ...failed]);
  expect(found.failures).toEqual([
    { kind: "status", status: 429, percentage: 3 },
    { kind: "cut", afterTokens: 12, percentage: 1 },
  ]);
  expect(prepareProfile(found).ttftMs.at(0.001)).toBeGreaterThan(200);
});

test("a source with one mean gap a call gives streams whose means are spread as those", () => {
  const rng = createRng(5);
  const calls = Array.from({ length: 600 }, () => ({
    ttftMs: 100 + rng(),
    meanGapMs: 10 + 20 * rng(),
    outputTokens: 100,
  }));
  const profile = prepareProfile(fitted(calls));
  const means = Array.from({ length: 400 }, () => {
    const { ttftMs, totalMs } = planTiming({
      profile,
      promptTokens: 1,
      outputTokens: 100,
      inFlight: 1,
      rng,
      overrides: {},
    });
    return (totalMs - ttftMs) / 99;
  }).toSorted((a, b) => a - b);
  expect([means[40] ?? 0, means[360] ?? 0]).toEqual([expect.closeTo(12, -0.5), expect.closeTo(28, -0.5)]);
});

describe("too few calls", () => {
  test("are refused, saying how many a quantile needs", () => {
    const fit = fitProfile(callsOf(known, 60), options);
    expect(fit).toEqual({
      ok: false,
      reasons: ["TTFT", "ITL", "output length"].map(
        (measure) =>
          `${measure} has 60 calls and needs at least 100: a p50 within 20 % needs 100 calls, a p95 within 20 % 200, a p99 within 20 % 1000`,
      ),
    });
  });

  test("for a tail are told of", () => {
    const fit = fitProfile(callsOf(known, 150), options);
    expect(fit.ok && fit.notes[0]).toBe("TTFT: 150 calls are too few for a p95 within 20 %, which needs 200");
  });

  test("of any measure are none at all", () => {
    expect(fitProfile([{ model: "m" }], options)).toEqual({
      ok: false,
      reasons: ["no call has a TTFT, gaps or an output length"],
    });
  });
});

test("what a source does not have is taken from another profile, and said to be", () => {
  const found = fitted(Array.from({ length: 200 }, (_, index) => ({ outputTokens: 10 + index })));
  expect(found.ttftMs).toEqual(options.base.ttftMs);
  expect(found.sources["ttftMs"]).toBe("assumption: as in test; the source does not tell");
});

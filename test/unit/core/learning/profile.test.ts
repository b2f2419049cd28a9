import { expect, test } from "vitest";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import type { Profile } from "../../../../src/core/simulator/types.ts";
import { learn, streamed } from "./learned-calls.ts";

const startMs = 1_700_000_000_000;

/** Streams whose TTFT goes evenly from one value to another. */
function streams(count: number, { from, to, atMs = startMs }: { from: number; to: number; atMs?: number }) {
  return Array.from({ length: count }, (_, index) => streamed(atMs, from + ((to - from) * index) / (count - 1)));
}

function learned(profile: Profile | undefined) {
  if (profile === undefined) throw new Error("Nothing was learned.");
  return prepareProfile(profile);
}

test("too few streams give no profile, and say how many there are", () => {
  const found = learn(streams(49, { from: 100, to: 200 }));
  expect(found).toMatchObject({ name: "learned-openai-gpt-4o", calls: 49, streams: 49, effectiveStreams: 49 });
  expect(found.profile).toBeUndefined();
});

test("responses in one piece tell no TTFT, so they do not make a profile", () => {
  const whole = Array.from({ length: 100 }, () => streamed(startMs, 0, { ttftMs: undefined, gapsMs: [] }));
  expect(learn(whole)).toMatchObject({ calls: 100, streams: 0, effectiveStreams: 0 });
  expect(learn(whole).profile).toBeUndefined();
});

test("the profile has the quantiles of the calls, their gaps and lengths", () => {
  const { profile } = learn(streams(500, { from: 100, to: 600 }));
  const { ttftMs, itlMs, outputTokens } = learned(profile);
  for (const share of [0.05, 0.5, 0.95]) expect(ttftMs.at(share)).toBeCloseTo(100 + 500 * share, -1);
  expect([itlMs.at(0.5), outputTokens.at(0.5)]).toEqual([10, 20]);
  expect(profile).toMatchObject({ models: ["gpt-4o"], fit: { calls: 500, source: "calls to openai" } });
});

test("a call that is one half-life older counts half as much", () => {
  const old = streams(400, { from: 1000, to: 1000.1, atMs: startMs });
  const fresh = streams(200, { from: 100, to: 100.1, atMs: startMs + 60_000 });
  const { profile, effectiveStreams } = learn([...old, ...fresh]);
  const { ttftMs } = learned(profile);
  expect([ttftMs.at(0.47), ttftMs.at(0.53)]).toEqual([expect.closeTo(100, 0), expect.closeTo(1000, 0)]);
  // (400 × 0.5 + 200)² / (400 × 0.25 + 200)
  expect(effectiveStreams).toBe(533);
});

test("what an upstream was ten half-lives ago is forgotten once it is another", () => {
  const old = streams(500, { from: 1000, to: 2000, atMs: startMs });
  const fresh = streams(60, { from: 100, to: 200, atMs: startMs + 600_000 });
  expect(learned(learn([...old, ...fresh]).profile).ttftMs.at(0.95)).toBeLessThan(201);
});

test("a few fresh calls do not count as many old ones", () => {
  const old = streams(500, { from: 1000, to: 2000, atMs: startMs });
  const fresh = streams(10, { from: 100, to: 200, atMs: startMs + 1_200_000 });
  expect(learn([...old, ...fresh]).profile).toBeUndefined();
});

test("an upstream that gives no more calls is not forgotten", () => {
  const calls = streams(100, { from: 100, to: 200 });
  const later = calls.map((call) => ({ ...call, time: call.time + 1e9 }));
  expect(learn(later).profile?.ttftMs).toEqual(learn(calls).profile?.ttftMs);
});

test("TTFT that grows with the prompt is learned by prompt", () => {
  const calls = Array.from({ length: 1000 }, (_, index) => {
    const promptTokens = index % 2 === 0 ? 100 : 3000;
    return streamed(startMs, promptTokens / 10 + (index % 50), { promptTokens });
  });
  const { ttftMs, ttftByPrompt = [] } = learned(learn(calls).profile);
  expect(ttftMs.at(0.5)).toBeCloseTo(34, -1);
  expect(ttftByPrompt.at(-1)?.ttftMs.at(0.5)).toBeCloseTo(325, -1);
});

test("streams of one token have the gaps of another profile, which the sources say", () => {
  const calls = streams(100, { from: 100, to: 200 }).map((call) => ({ ...call, gapsMs: [], outputTokens: 1 }));
  const { profile } = learn(calls);
  expect(profile?.itlMs).toEqual({ kind: "constant", value: 5 });
  expect(profile?.sources["itlMs"]).toContain("assumption: as in default");
});

test("the name has nothing of a model's name that no file name may have", () => {
  const calls = streams(5, { from: 1, to: 2 });
  expect(learn(calls, "meta/llama 3:70b").name).toBe("learned-openai-meta-llama-3-70b");
});

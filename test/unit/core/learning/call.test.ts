import { expect, test } from "vitest";
import { learnedOf, learnedOfCopy } from "../../../../src/core/learning/call.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { outcome, timeline } from "../../emit/outcome.ts";

const real: Partial<Outcome> = { mode: "real", upstream: "openai", profile: undefined };

test("a forwarded call tells its TTFT, gaps, lengths and prompt", () => {
  const notes = { inFlight: 1, usage: { promptTokens: 7, cachedTokens: undefined, outputTokens: 90 } };
  const { upstream, model, call } = learnedOf(outcome({ ...real, notes })) ?? {};
  expect([upstream, model]).toEqual(["openai", "gpt-4o"]);
  // Tokens of thought that nobody sees leave at no time.
  expect(call).toMatchObject({ ttftMs: 250, gapsMs: [15, 15], outputTokens: 3, promptTokens: 7, operation: "chat" });
});

test.each<[string, Partial<Outcome>]>([
  ["that was simulated", { mode: "simulated" }],
  ["that a fault bent", { faults: ["stall"] }],
  ["that failed", { status: 429 }],
  ["that broke", { ending: "reset", cause: "UPSTREAM_RESET" }],
  ["whose client left", { ending: "client-gone", cause: "CLIENT_GONE" }],
  ["without a model", { model: undefined }],
])("a call %s tells nothing", (_, changes) => {
  expect(learnedOf(outcome({ ...real, ...changes }))).toBeUndefined();
});

test("the copy of a simulated call tells of the upstream that it was sent to", () => {
  const copied = {
    upstream: "other",
    status: 200,
    ending: "finish",
    timeline: timeline(5, 9),
    outputTokens: 2,
  } as const;
  expect(learnedOfCopy(outcome(), copied)).toMatchObject({ upstream: "other", call: { ttftMs: 5, gapsMs: [4] } });
  expect(learnedOfCopy(outcome(), { ...copied, status: 500 })).toBeUndefined();
});

test("a response of a million tokens is kept in a few", () => {
  const long = timeline(...Array.from({ length: 10_000 }, (_, index) => index));
  expect(learnedOf(outcome({ ...real, actual: long }))?.call.gapsMs.length).toBe(100);
});

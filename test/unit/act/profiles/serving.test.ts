import { expect, test } from "vitest";
import { servedBeside } from "../../../../src/act/profiles/serving.ts";
import { createPromptIndex, createPromptIndexMemory } from "../../../../src/core/simulator/prompt-cache.ts";
import { prepareProfile } from "../../../../src/core/simulator/profile.ts";
import { createEngineMemory, createEngines } from "../../../../src/limits/engines.ts";
import { makeCall } from "../../../support/call.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const one = { kind: "constant", value: 1 } as const;
const profile = prepareProfile({
  name: "house",
  description: "",
  models: [],
  sources: {},
  ttftMs: one,
  itlMs: one,
  outputTokens: one,
  prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
  load: [],
  engine: {
    prefillTokensPerSecond: 1000,
    maxBatchTokens: 1000,
    maxSequences: 1,
    decodeMs: [{ sequences: 1, ms: one }],
  },
});

test("a call that is mirrored first and stood in for later has one place in the engine", () => {
  const clock = createFakeClock();
  const engines = createEngines(createEngineMemory(), 0, clock);
  const serving = { engines, prompts: createPromptIndex(createPromptIndexMemory()), clock };
  const ask = { model: "house", promptTokens: 0, stream: true, maxTokens: 1, seed: undefined, write: () => never() };
  const arrival = { promptTokens: 0, cachedTokens: 0, outputTokens: 1001, stepMs: () => 10 };
  const record: { leaveEngine: (() => void) | undefined } = { leaveEngine: undefined };
  const enter = () => servedBeside(serving, { call: makeCall(), ask, profile, record }).enter?.(arrival);
  expect([enter()?.firstTokenMs, enter()?.firstTokenMs]).toEqual([0, 0]);
  record.leaveEngine?.();
  expect(enter()?.firstTokenMs).toBe(0);
});

function never(): never {
  throw new Error("nothing is written");
}

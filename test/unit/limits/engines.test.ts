import { expect, test } from "vitest";
import { createEngineMemory, createEngines, engineUse, returnEngineLocksOf } from "../../../src/limits/engines.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const batching = { prefillTokensPerSecond: 1000, maxBatchTokens: 1000, maxSequences: 1, kvCacheTokens: Infinity };
const call = { promptTokens: 0, cachedTokens: 0, outputTokens: 11, stepMs: () => 10 };

function twoLoops() {
  const memory = createEngineMemory();
  const clock = createFakeClock();
  return { memory, clock, first: createEngines(memory, 0, clock), second: createEngines(memory, 1, clock) };
}

test("the event loops of a node wait for the same places", () => {
  const { first, second } = twoLoops();
  expect(first.enter("gpt", batching, call).firstTokenMs).toBe(0);
  expect(second.enter("gpt", batching, call).firstTokenMs).toBe(100);
});

test("each profile has an engine of its own", () => {
  const { first, second } = twoLoops();
  first.enter("gpt", batching, call);
  expect(second.enter("claude", batching, call).firstTokenMs).toBe(0);
});

test("a call that ends early frees its place for every event loop", () => {
  const { first, second, clock } = twoLoops();
  const entered = first.enter("gpt", batching, call);
  clock.advance(30);
  entered.leave();
  expect(second.enter("gpt", batching, call).firstTokenMs).toBe(0);
});

test("an engine beyond those that are shared is one of each event loop, and works", () => {
  const { first } = twoLoops();
  for (let count = 0; count < 40; count += 1) first.enter(`model ${count}`, batching, call);
  for (let count = 0; count < 40; count += 1)
    expect(first.enter(`model ${count}`, batching, call).firstTokenMs).toBe(100);
});

test("an event loop that died with the lock keeps nobody from going on", () => {
  const { memory, second } = twoLoops();
  second.enter("gpt", batching, call);
  const words = new Int32Array(memory.words);
  const lock = words.findIndex((word, index) => index % 2 === 0 && word !== 0) + 1;
  Atomics.store(words, lock, 1);
  expect(second.enter("gpt", batching, call).firstTokenMs).toBe(100);
  returnEngineLocksOf(memory, 0);
  expect(Atomics.load(words, lock)).toBe(0);
});

test("any thread sees what an engine is doing, and that another was never entered", () => {
  const memory = createEngineMemory();
  const engines = createEngines(memory, 0, { now: () => 1000 });
  const batching = { prefillTokensPerSecond: 1000, maxBatchTokens: 100, maxSequences: 1, kvCacheTokens: 1000 };
  const arrival = { promptTokens: 10, cachedTokens: 0, outputTokens: 20, stepMs: () => 10 };
  const first = engines.enter("one", batching, arrival);
  engines.enter("one", batching, arrival);
  expect(engineUse(memory, "one", 1000)).toEqual({ running: 1, waiting: 1, tokens: 30 });
  expect(engineUse(memory, "two", 1000)).toBeUndefined();
  first.leave();
  expect(engineUse(memory, "one", 1000)).toEqual({ running: 0, waiting: 1, tokens: 0 });
});

import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import {
  arrive,
  batchingWords,
  leave,
  type Arrival,
  type Batching,
  type Service,
} from "../../../../src/core/simulator/batching.ts";

let memory: Float64Array;
beforeEach(() => {
  memory = new Float64Array(batchingWords);
});

const batching: Batching = {
  prefillTokensPerSecond: 10_000,
  maxBatchTokens: 1000,
  maxSequences: 2,
  kvCacheTokens: Infinity,
};
/** A prompt that takes 100 ms to read when nothing else runs, and 11 tokens at 10 ms a step: 200 ms in all. */
const call = { promptTokens: 1000, cachedTokens: 0, outputTokens: 11, stepMs: () => 10 };

const at = (nowMs: number, changes: Partial<Arrival> = {}, of = batching): Service =>
  arrive(memory, of, { ...call, nowMs, ...changes });

describe("the first token", () => {
  test("of a request alone comes when its prompt is read", () => {
    expect(at(0)).toMatchObject({ firstTokenMs: 100, sequences: 1, endsAtMs: 200 });
  });

  test("comes sooner by what a prompt cache has", () => {
    expect(at(0, { cachedTokens: 900 }).firstTokenMs).toBe(10);
  });

  test("of a second request waits until the prompt before it is read, and its own is read slower beside a running sequence", () => {
    at(0, { outputTokens: 101 });
    const second = at(50);
    expect(second.firstTokenMs).toBeCloseTo(50 + 100 / 0.999);
    expect(second.sequences).toBe(2);
  });

  test("of a third waits for a place", () => {
    at(0, { promptTokens: 0 });
    at(0, { promptTokens: 0, outputTokens: 21 });
    expect(at(10, { promptTokens: 0 }).firstTokenMs).toBe(90);
    expect(at(10, { promptTokens: 0 }).firstTokenMs).toBe(190);
  });

  test("waits until its tokens fit into the cache", () => {
    const small = { ...batching, maxSequences: 100, kvCacheTokens: 2100 };
    at(0, {}, small);
    at(0, { outputTokens: 51 }, small);
    expect(at(150, { promptTokens: 100 }, small).firstTokenMs).toBeGreaterThan(50);
    expect(at(150, { promptTokens: 100 }, small).firstTokenMs).toBeGreaterThan(50);
  });

  test("of a request that the whole cache cannot hold comes once it is alone", () => {
    const small = { ...batching, maxSequences: 100, kvCacheTokens: 500 };
    at(0, { promptTokens: 0, outputTokens: 11 }, small);
    expect(at(0, {}, small).firstTokenMs).toBeCloseTo(200);
  });
});

test("a step takes as long as the sequences in the batch make it", () => {
  const many = { ...batching, maxSequences: 100 };
  const stepMs = (sequences: number): number => 10 * sequences;
  at(0, { promptTokens: 0, stepMs }, many);
  const second = at(0, { promptTokens: 0, stepMs }, many);
  expect(second).toMatchObject({ sequences: 2, endsAtMs: 200 });
});

test("a request that ends early gives its place to the next", () => {
  const first = at(0, { outputTokens: 1001 });
  at(0, { outputTokens: 1001 });
  leave(memory, first);
  expect(at(500, { promptTokens: 0 }).firstTokenMs).toBe(0);
});

test("one that ends when another has its place leaves that alone", () => {
  const first = at(0, { promptTokens: 0 });
  const second = at(150, { promptTokens: 0 });
  expect(second.place).toBe(first.place);
  leave(memory, first);
  at(150, { promptTokens: 0 });
  expect(at(150, { promptTokens: 0 }).firstTokenMs).toBe(100);
});

test("nobody waits for those that left while they waited", () => {
  const all = [at(0), at(0), at(0), at(0), at(0)];
  for (const each of all) leave(memory, each);
  expect(at(10, { promptTokens: 0 }).firstTokenMs).toBe(0);
});

test("more calls than there are places are served, too", () => {
  for (let count = 0; count < 5000; count += 1) at(0, { promptTokens: 0 }, { ...batching, maxSequences: 10_000 });
  expect(at(0, { promptTokens: 0 }, { ...batching, maxSequences: 10_000 }).firstTokenMs).toBe(0);
});

test("never are more sequences at work than places, whatever arrives", () => {
  const arrivals = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 0, max: 300 }),
      promptTokens: fc.integer({ min: 0, max: 3000 }),
      outputTokens: fc.integer({ min: 1, max: 100 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 1, max: 5 }), (all, maxSequences) => {
      memory = new Float64Array(batchingWords);
      let nowMs = 0;
      const decoding: { readonly fromMs: number; readonly toMs: number }[] = [];
      for (const { gapMs, ...asked } of all) {
        nowMs += gapMs;
        const { firstTokenMs, endsAtMs, sequences } = at(nowMs, asked, { ...batching, maxSequences });
        expect(sequences).toBeLessThanOrEqual(maxSequences);
        decoding.push({ fromMs: nowMs + firstTokenMs, toMs: endsAtMs });
      }
      for (const { fromMs } of decoding) {
        const running = decoding.filter((each) => each.fromMs <= fromMs && each.toMs > fromMs);
        expect(running.length).toBeLessThanOrEqual(maxSequences);
      }
      // First come, first served.
      const starts = decoding.map(({ fromMs }) => fromMs);
      expect(starts).toEqual(starts.toSorted((one, other) => one - other));
    }),
  );
});

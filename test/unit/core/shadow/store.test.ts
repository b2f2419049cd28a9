import { describe, expect, test } from "vitest";
import { createShadowStore, shadowReport } from "../../../../src/core/shadow/store.ts";
import type { Timeline } from "../../../../src/core/types.ts";

/** A stream of two tokens. */
function stream(ttftMs: number, gapMs = 10): Timeline {
  return { ttftMs, totalMs: ttftMs + gapMs, tokens: 2, atMs: [ttftMs, ttftMs + gapMs] };
}

function whole(totalMs: number): Timeline {
  return { ttftMs: undefined, totalMs, tokens: 5, atMs: [] };
}

describe("quantiles", () => {
  test("are exact, linear between the nearest two samples", () => {
    const store = createShadowStore();
    for (const ttftMs of [15, 20, 35, 40, 50])
      store.add("m", true, { real: stream(ttftMs), simulated: stream(ttftMs) });
    // NumPy: np.percentile([15, 20, 35, 40, 50], [50, 90, 95, 99])
    const { real } = shadowReport([store.snapshot()]).strata[0]!.measures.ttftMs!;
    expect(real.n).toBe(5);
    expect([real.p50, real.p90, real.p95, real.p99].map((value) => Number(value!.toFixed(9)))).toEqual([
      35, 46, 48, 49.6,
    ]);
  });

  test("of one sample are that sample", () => {
    const store = createShadowStore();
    store.add("m", true, { real: stream(7), simulated: stream(9) });
    const { real, simulated, ratio } = shadowReport([store.snapshot()]).strata[0]!.measures.ttftMs!;
    expect([real.p50, real.p99, simulated.p50, ratio.p50]).toEqual([7, 7, 9, 9 / 7]);
  });

  test("have a ratio of simulated to real, and none where the real one is 0", () => {
    const store = createShadowStore();
    store.add("m", true, { real: stream(100, 0), simulated: stream(150, 10) });
    const { ttftMs, gapMs } = shadowReport([store.snapshot()]).strata[0]!.measures;
    expect([ttftMs!.ratio.p90, gapMs!.ratio.p90]).toEqual([1.5, null]);
  });

  test("of a side without samples are null", () => {
    const store = createShadowStore();
    store.add("m", true, { real: { ...whole(20), tokens: 0 }, simulated: stream(150) });
    const { real, ratio } = shadowReport([store.snapshot()]).strata[0]!.measures.ttftMs!;
    expect([real.n, real.p50, ratio.p50]).toEqual([0, null, null]);
  });
});

describe("strata", () => {
  test("keep models and streamed or not apart, the largest first", () => {
    const store = createShadowStore();
    store.add("a", true, { real: stream(1), simulated: stream(1) });
    store.add("b", false, { real: whole(1), simulated: whole(1) });
    store.add("b", false, { real: whole(2), simulated: whole(2) });
    const { strata } = shadowReport([store.snapshot()]);
    expect(strata.map(({ model, stream, pairs }) => [model, stream, pairs])).toEqual([
      ["b", false, 2],
      ["a", true, 1],
    ]);
  });

  test("of answers that are no stream compare total and tokens only", () => {
    const store = createShadowStore();
    store.add("a", false, { real: whole(100), simulated: whole(120) });
    const { measures } = shadowReport([store.snapshot()]).strata[0]!;
    expect(Object.keys(measures)).toEqual(["totalMs", "tokens"]);
    expect([measures.totalMs!.ratio.p50, measures.tokens!.ratio.p50]).toEqual([1.2, 1]);
  });

  test("beyond 20 models share one", () => {
    const store = createShadowStore();
    for (let index = 0; index < 1000; index += 1) {
      store.add(`model-${index}`, true, { real: stream(1), simulated: stream(1) });
    }
    const { strata } = shadowReport([store.snapshot()]);
    expect(strata).toHaveLength(21);
    expect(strata[0]).toMatchObject({ model: "_other", pairs: 980 });
  });

  test("of several event loops are joined before quantiles are taken", () => {
    const stores = [createShadowStore(), createShadowStore()];
    stores[0]!.add("m", true, { real: stream(10), simulated: stream(1) });
    stores[1]!.add("m", true, { real: stream(20), simulated: stream(2) });
    const { strata } = shadowReport(stores.map((store) => store.snapshot()));
    expect(strata).toMatchObject([{ model: "m", pairs: 2, measures: { ttftMs: { real: { n: 2, p50: 15 } } } }]);
  });
});

describe("a store", () => {
  test("keeps the latest 5,000 samples and still knows how many pairs there were", () => {
    const store = createShadowStore();
    for (let index = 0; index < 5000; index += 1) store.add("m", false, { real: whole(1), simulated: whole(1) });
    for (let index = 0; index < 5000; index += 1) store.add("m", false, { real: whole(2), simulated: whole(1) });
    const [stratum] = shadowReport([store.snapshot()]).strata;
    expect(stratum).toMatchObject({ pairs: 10_000, measures: { totalMs: { real: { n: 5000, p50: 2 } } } });
    expect(new Set(store.snapshot()[0]!.real.totalMs)).toEqual(new Set([2]));
  });

  test("keeps no more than 20,000 gaps of a side", () => {
    const store = createShadowStore();
    const long: Timeline = { ttftMs: 0, totalMs: 0, tokens: 30_000, atMs: Array.from({ length: 30_000 }, (_, i) => i) };
    store.add("m", true, { real: long, simulated: stream(1) });
    expect(store.snapshot()[0]!.real.gapMs).toHaveLength(20_000);
  });

  test("gives a copy that later calls do not change, as plain data", () => {
    const store = createShadowStore();
    store.add("m", true, { real: stream(1), simulated: stream(2) });
    const before = store.snapshot();
    store.add("m", true, { real: stream(3), simulated: stream(4) });
    expect(before[0]!.real.ttftMs).toEqual([1]);
    expect(structuredClone(before)).toEqual(before);
  });

  test("without pairs has an empty report", () => {
    expect(shadowReport([createShadowStore().snapshot()])).toEqual({ strata: [] });
  });
});

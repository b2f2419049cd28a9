import { expect, test } from "vitest";
import { createDrift, driftRatios, driftWindowMs, type Drift } from "../../../../src/core/shadow/drift.ts";
import { mirroredRecord } from "../../../support/records/mirrored.ts";

const now = 1_800_000_000_000;
const same = (model: string): string => model;

function driftOf(count: number, { ttftMs = 150, model = "m", time = now } = {}, drift: Drift = createDrift()): Drift {
  const timing = { ttftMs, totalMs: 500, outputTokens: 3, gapsMs: [10, 10] };
  for (let call = 0; call < count; call += 1)
    drift.add(mirroredRecord({ model, time, mirror: { ...timing, from: "simulator", name: "p" } }));
  return drift;
}

test("the drift of a model is simulated / real at p50 and p95, of first tokens and of gaps", () => {
  const ratios = driftRatios([driftOf(300).snapshot(now)], same);
  expect(ratios.map(({ measure, quantile, ratio }) => [measure, quantile, Number(ratio.toFixed(1))])).toEqual([
    ["ttftMs", 0.5, 1.5],
    ["ttftMs", 0.95, 1.5],
    ["gapMs", 0.5, 1],
    ["gapMs", 0.95, 1],
  ]);
});

test("a quantile of few calls has no drift, and the calls of event loops add up", () => {
  const loops = [driftOf(100), driftOf(101)].map((drift) => drift.snapshot(now));
  const quantiles = (count: number): number[] =>
    driftRatios(loops.slice(0, count), same).map(({ quantile }) => quantile);
  expect(quantiles(1)).toEqual([0.5, 0.5]);
  expect(quantiles(2)).toEqual([0.5, 0.95, 0.5, 0.95]);
});

test("calls are forgotten after two windows", () => {
  const drift = driftOf(300, { ttftMs: 900 });
  driftOf(300, { time: now + driftWindowMs }, drift);
  const ratioAt = (time: number): number | undefined => driftRatios([drift.snapshot(time)], same)[1]?.ratio;
  expect(ratioAt(now + driftWindowMs)).toBeGreaterThan(5);
  expect(ratioAt(now + 2 * driftWindowMs)).toBeLessThan(2);
  expect(ratioAt(now + 3 * driftWindowMs)).toBeUndefined();
});

test("models of one name are added up, and no more than 20 have one of their own", () => {
  const drift = createDrift();
  for (let model = 0; model < 100; model += 1) driftOf(21, { model: `m${model}` }, drift);
  const models = (nameOf: (model: string) => string): number =>
    new Set(driftRatios([drift.snapshot(now)], nameOf).map(({ model }) => model)).size;
  expect([models(same), models(() => "_other")]).toEqual([21, 1]);
});

test("calls with a fault or a failure have no part in it", () => {
  const drift = createDrift();
  for (let call = 0; call < 50; call += 1) {
    drift.add(mirroredRecord({ time: now, faults: ["delay"] }));
    drift.add(mirroredRecord({ time: now, status: 500 }));
  }
  expect(drift.snapshot(now)).toEqual([]);
});

import { keptName, otherModel } from "../model-names.ts";
import type { TrafficRecord } from "../records/types.ts";
import { createSketch, sketchFrom, type Sketch, type SketchData } from "../statistics/sketch.ts";
import { needsCalls } from "./needed.ts";
import { timingsOf, type Measure } from "./observed.ts";

/** Sketches of both sides of the latest mirrored calls, by model. */
export type Drift = {
  add(record: TrafficRecord): void;
  /** Those of this window and the one before it, as plain data. @param nowMs milliseconds since 1970 */
  snapshot(nowMs: number): DriftSnapshot;
};

/** What one event loop has seen. */
export type DriftSnapshot = readonly DriftSketches[];

type DriftSketches = {
  readonly model: string;
  readonly measure: DriftMeasure;
  readonly calls: number;
  readonly reference: SketchData;
  readonly candidate: SketchData;
};

/** A quantile of one measure, candidate / reference. */
export type DriftRatio = {
  readonly model: string;
  readonly measure: DriftMeasure;
  readonly quantile: number;
  readonly ratio: number;
};

/** How long a window is; what is shown is of the last one to two. */
export const driftWindowMs = 600_000;

const driftMeasures = ["ttftMs", "gapMs"] as const satisfies readonly Measure[];
type DriftMeasure = (typeof driftMeasures)[number];
const quantiles = [0.5, 0.95];

type Pair = { calls: number; readonly reference: Sketch; readonly candidate: Sketch };
type Window = { readonly number: number; readonly models: Map<string, { readonly [measure in DriftMeasure]: Pair }> };

/** Makes the store of one event loop, of at most 20 models; further ones share `_other`. */
export function createDrift(): Drift {
  let windows: readonly Window[] = [];
  const windowAt = (time: number): Window => {
    const number = Math.floor(time / driftWindowMs);
    const found = windows.find((window) => window.number === number);
    if (found !== undefined) return found;
    const made: Window = { number, models: new Map() };
    windows = [made, ...windows].sort((a, b) => b.number - a.number).slice(0, 2);
    return made;
  };
  return {
    add(record) {
      const timings = timingsOf(record);
      if (timings === undefined) return;
      const { reference, candidate } = timings;
      // A response in one piece has neither.
      if (reference.ttftMs === undefined || candidate.ttftMs === undefined) return;
      const { ttftMs, gapMs } = pairsOf(windowAt(record.time), record.model ?? otherModel);
      ttftMs.calls += 1;
      ttftMs.reference.add(reference.ttftMs);
      ttftMs.candidate.add(candidate.ttftMs);
      addTo(gapMs, { reference: reference.gapsMs, candidate: candidate.gapsMs });
    },
    snapshot(nowMs) {
      const oldest = Math.floor(nowMs / driftWindowMs) - 1;
      return windows.filter(({ number }) => number >= oldest).flatMap(sketchesIn);
    },
  };
}

function pairsOf({ models }: Window, name: string): { readonly [measure in DriftMeasure]: Pair } {
  const model = keptName(models, name);
  let pairs = models.get(model);
  if (pairs === undefined) models.set(model, (pairs = { ttftMs: newPair(), gapMs: newPair() }));
  return pairs;
}

function newPair(): Pair {
  return { calls: 0, reference: createSketch(), candidate: createSketch() };
}

type Values = { readonly reference: readonly number[]; readonly candidate: readonly number[] };

/** Both sides or none: a stream without tokens has no times. */
function addTo(pair: Pair, { reference, candidate }: Values): void {
  if (reference.length === 0 || candidate.length === 0) return;
  pair.calls += 1;
  for (const value of reference) pair.reference.add(value);
  for (const value of candidate) pair.candidate.add(value);
}

function sketchesIn({ models }: Window): DriftSketches[] {
  return [...models].flatMap(([model, pairs]) =>
    driftMeasures.flatMap((measure) => {
      const { calls, reference, candidate } = pairs[measure];
      if (calls === 0) return [];
      return [{ model, measure, calls, reference: reference.toJSON(), candidate: candidate.toJSON() }];
    }),
  );
}

/**
 * How far the simulation is from what it stands for, over all event loops; a quantile without calls enough has no ratio.
 *
 * @param nameOf what a model is shown as; those of one name are added up
 */
export function driftRatios(snapshots: readonly DriftSnapshot[], nameOf: (model: string) => string): DriftRatio[] {
  const sums = new Map<string, Pair & { readonly model: string; readonly measure: DriftMeasure }>();
  for (const { model, measure, calls, reference, candidate } of snapshots.flat()) {
    const name = nameOf(model);
    const key = `${measure} ${name}`;
    const sum = sums.get(key) ?? { ...newPair(), model: name, measure };
    sums.set(key, sum);
    sum.calls += calls;
    sum.reference.merge(sketchFrom(reference));
    sum.candidate.merge(sketchFrom(candidate));
  }
  return [...sums.values()].flatMap(({ model, measure, calls, reference, candidate }) =>
    quantiles.flatMap((quantile) => {
      const real = reference.quantile(quantile);
      if (calls < needsCalls(quantile) || real === 0) return [];
      return [{ model, measure, quantile, ratio: candidate.quantile(quantile) / real }];
    }),
  );
}

import { keptName, otherModel } from "../model-names.ts";
import { quantileOf } from "../statistics/quantile.ts";
import type { ShadowPair, Timeline } from "../types.ts";

/** Keeps the timings of mirrored calls, by model and by streamed or not. */
export type ShadowStore = {
  add(model: string | undefined, stream: boolean, pair: ShadowPair): void;
  /** A copy of all that is kept, as plain data. */
  snapshot(): ShadowSnapshot;
};

/** What the store of one event loop keeps. */
export type ShadowSnapshot = readonly StratumSnapshot[];

/** The kept samples of one model, streamed or not, on both sides. */
type StratumSnapshot = {
  readonly model: string;
  readonly stream: boolean;
  /** Pairs seen, also those whose samples have been overwritten since. */
  readonly pairs: number;
  readonly real: Samples;
  readonly simulated: Samples;
};

/** Samples by measure, in no order: times in milliseconds, `tokens` a count for each response. */
type Samples = { readonly [measure in Measure]: readonly number[] };

/** What is compared: `gapMs` is the time between two tokens. */
type Measure = "ttftMs" | "gapMs" | "totalMs" | "tokens";

/** Real and simulated side by side, one entry for each stratum, the largest first. */
export type ShadowReport = { readonly strata: readonly StratumReport[] };

/** One stratum: `pairs` seen, and each measure that has samples on either side. */
type StratumReport = {
  readonly model: string;
  readonly stream: boolean;
  readonly pairs: number;
  readonly measures: { readonly [measure in Measure]?: MeasureReport };
};

/** Quantiles of both sides; `ratio` is simulated / real, null where a side has no samples or the real one is 0. */
type MeasureReport = {
  readonly real: Quantiles;
  readonly simulated: Quantiles;
  readonly ratio: { readonly [quantile in QuantileName]: number | null };
};

/** Quantiles over `n` samples; null when there are none. */
type Quantiles = { readonly n: number } & { readonly [quantile in QuantileName]: number | null };

/** The quantiles of a report. */
type QuantileName = keyof typeof quantiles;

const quantiles = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 } as const;
const measures: readonly Measure[] = ["ttftMs", "gapMs", "totalMs", "tokens"];

/** Samples kept of each measure, on each side of a stratum; p99 within 10 % needs about 5,000. */
const kept = { ttftMs: 5000, gapMs: 20_000, totalMs: 5000, tokens: 5000 } as const;

/**
 * Makes a store that keeps the latest 5,000 samples of each measure (20,000 gaps) of at most 20 models; a full stratum holds 560 KB.
 *
 * Further models share the stratum `_other`.
 */
export function createShadowStore(): ShadowStore {
  const strata = new Map<string, readonly [whole: Stratum, streamed: Stratum]>();
  return {
    add(model, stream, pair) {
      const name = keptName(strata, model ?? otherModel);
      let both = strata.get(name);
      if (both === undefined) strata.set(name, (both = [createStratum(), createStratum()]));
      const stratum = both[stream ? 1 : 0];
      stratum.pairs += 1;
      addSamples(stratum.real, pair.real);
      addSamples(stratum.simulated, pair.simulated);
    },
    snapshot() {
      return [...strata].flatMap(([model, both]) =>
        both.flatMap(({ pairs, real, simulated }, at) =>
          pairs === 0 ? [] : [{ model, stream: at === 1, pairs, real: copy(real), simulated: copy(simulated) }],
        ),
      );
    },
  };
}

/**
 * Compares both sides of all pairs in the snapshots of any number of event loops.
 *
 * Quantiles are exact over the kept samples: type 7, linear between the two nearest order statistics, as in R and NumPy.
 *
 * @param snapshots one for each event loop
 * @returns strata ordered by pairs, the largest first
 * @see https://doi.org/10.2307/2684934 Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996)
 */
export function shadowReport(snapshots: readonly ShadowSnapshot[]): ShadowReport {
  const groups = new Map<string, [StratumSnapshot, ...StratumSnapshot[]]>();
  for (const stratum of snapshots.flat()) {
    const key = `${stratum.stream} ${stratum.model}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [stratum]);
    else group.push(stratum);
  }
  const strata = [...groups.values()].map(reportStratum);
  return { strata: strata.sort((a, b) => b.pairs - a.pairs) };
}

type Ring = { readonly samples: number[]; cursor: number };
type Rings = { readonly [measure in Measure]: Ring };
type Stratum = { pairs: number; readonly real: Rings; readonly simulated: Rings };

function createStratum(): Stratum {
  return { pairs: 0, real: createRings(), simulated: createRings() };
}

function createRings(): Rings {
  const ring = (): Ring => ({ samples: [], cursor: 0 });
  return { ttftMs: ring(), gapMs: ring(), totalMs: ring(), tokens: ring() };
}

function addSamples(rings: Rings, timeline: Timeline): void {
  if (timeline.ttftMs !== undefined) push(rings.ttftMs, kept.ttftMs, timeline.ttftMs);
  push(rings.totalMs, kept.totalMs, timeline.totalMs);
  push(rings.tokens, kept.tokens, timeline.tokens);
  const { atMs } = timeline;
  let before = atMs[0];
  for (let index = 1; index < atMs.length; index += 1) {
    const now = atMs[index];
    if (before !== undefined && now !== undefined) push(rings.gapMs, kept.gapMs, now - before);
    before = now;
  }
}

/** Adds a sample; the oldest one makes room when the ring is full. */
function push(ring: Ring, size: number, sample: number): void {
  if (ring.samples.length < size) {
    ring.samples.push(sample);
    return;
  }
  ring.samples[ring.cursor] = sample;
  ring.cursor = (ring.cursor + 1) % size;
}

function copy(rings: Rings): Samples {
  return {
    ttftMs: [...rings.ttftMs.samples],
    gapMs: [...rings.gapMs.samples],
    totalMs: [...rings.totalMs.samples],
    tokens: [...rings.tokens.samples],
  };
}

function reportStratum(group: readonly [StratumSnapshot, ...StratumSnapshot[]]): StratumReport {
  const [{ model, stream }] = group;
  const reports: { [measure in Measure]?: MeasureReport } = {};
  for (const measure of measures) {
    const real = describe(group.flatMap((stratum) => stratum.real[measure]));
    const simulated = describe(group.flatMap((stratum) => stratum.simulated[measure]));
    if (real.n + simulated.n > 0) reports[measure] = { real, simulated, ratio: ratioOf(real, simulated) };
  }
  return { model, stream, pairs: group.reduce((total, stratum) => total + stratum.pairs, 0), measures: reports };
}

function describe(samples: readonly number[]): Quantiles {
  const sorted = Float64Array.from(samples).sort();
  return {
    n: sorted.length,
    ...byQuantile((name) => (sorted.length === 0 ? null : quantileOf(sorted, quantiles[name]))),
  };
}

function ratioOf(real: Quantiles, simulated: Quantiles): MeasureReport["ratio"] {
  return byQuantile((name) => {
    const below = real[name];
    const above = simulated[name];
    return below === null || above === null || below === 0 ? null : above / below;
  });
}

function byQuantile<T>(value: (name: QuantileName) => T): { [quantile in QuantileName]: T } {
  return { p50: value("p50"), p90: value("p90"), p95: value("p95"), p99: value("p99") };
}

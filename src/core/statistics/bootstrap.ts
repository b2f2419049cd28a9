import type { Rng } from "../rng.ts";
import { countedQuantiles, quantileOf } from "./quantile.ts";
import type { Samples } from "./samples.ts";

/** Both ends of an interval. */
export type Interval = { readonly low: number; readonly high: number };

/** How a bootstrap is made. */
export type BootstrapOptions = {
  /** Ascending, each 0 … 1. */
  readonly shares: readonly number[];
  readonly replicates: number;
  readonly rng: Rng;
  /** The clusters of both sides belong together one by one, and are drawn together. */
  readonly paired: boolean;
};

/** The quantiles of resampled sides: for each share, one value a replicate. */
export type Bootstrap = { readonly reference: readonly Float64Array[]; readonly candidate: readonly Float64Array[] };

/**
 * Draws the clusters of two sides again and again, and takes the quantiles of what was drawn.
 *
 * Clusters are drawn, not values: those of one stream depend on each other, and taken alone they would make every interval too
 * narrow.
 *
 * @see https://doi.org/10.1201/9780429246593 Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 8
 */
export function bootstrap(reference: Samples, candidate: Samples, options: BootstrapOptions): Bootstrap {
  const { shares, replicates, rng, paired } = options;
  const table = (): Float64Array[] => shares.map(() => new Float64Array(replicates));
  const drawn = { reference: table(), candidate: table() };
  const counts = new Uint32Array(reference.sizes.length);
  const others = paired ? counts : new Uint32Array(candidate.sizes.length);
  const row = new Float64Array(shares.length);
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    drawClusters(counts, rng);
    countedQuantiles(reference, { shares, counts }, row);
    for (const [index, value] of row.entries()) store(drawn.reference[index], replicate, value);
    if (!paired) drawClusters(others, rng);
    countedQuantiles(candidate, { shares, counts: others }, row);
    for (const [index, value] of row.entries()) store(drawn.candidate[index], replicate, value);
  }
  return drawn;
}

function store(column: Float64Array | undefined, at: number, value: number): void {
  if (column !== undefined) column[at] = value;
}

/** As many draws as there are clusters, with replacement. */
function drawClusters(counts: Uint32Array, rng: Rng): void {
  counts.fill(0);
  for (let draw = 0; draw < counts.length; draw += 1) {
    const cluster = Math.floor(rng() * counts.length);
    counts[cluster] = (counts[cluster] ?? 0) + 1;
  }
}

/**
 * A ratio of two numbers; 1 where they are equal, also where both are 0.
 *
 * @param least a difference up to it counts as none
 */
export function ratioOf(candidate: number, reference: number, least = 0): number {
  return Math.abs(candidate - reference) <= least ? 1 : candidate / reference;
}

/** The ratio in each replicate, ascending; replicates in which a side had no values are left out. */
export function ratiosOf(candidate: Float64Array, reference: Float64Array, least = 0): Float64Array {
  return candidate
    .map((value, at) => ratioOf(value, reference[at] ?? Number.NaN, least))
    .filter((ratio) => !Number.isNaN(ratio))
    .sort();
}

/**
 * The interval that holds the middle of the replicates.
 *
 * @param sorted ascending
 * @param level how much of them, such as 0.9
 */
export function intervalOf(sorted: Float64Array, level: number): Interval {
  const [low, high] = [(1 - level) / 2, (1 + level) / 2];
  const top = sorted.at(-1);
  // Between a number and infinity there is no number.
  if (top === Infinity) return { low: nearest(sorted, low), high: nearest(sorted, high) };
  return { low: quantileOf(sorted, low), high: quantileOf(sorted, high) };
}

function nearest(sorted: Float64Array, share: number): number {
  return sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
}

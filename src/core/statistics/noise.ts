import type { Rng } from "../rng.ts";
import { wassersteinWithin } from "./distance.ts";
import type { Samples } from "./samples.ts";

/** How often a side is split, and how large the samples are that the distances shall stand for. */
export type NoiseOptions = {
  readonly splits: number;
  readonly rng: Rng;
  /** Clusters of both sides of the comparison that the noise is held against. */
  readonly sizes: readonly [number, number];
};

/**
 * How far one side is from itself (A/A): the Wasserstein distances of random halves of its clusters, ascending.
 *
 * A half is smaller than a whole side, and so further away by chance; the distances are scaled to the given sizes, as distances by
 * chance alone go with √(1/a + 1/b).
 */
export function noiseDistances(samples: Samples, { splits, rng, sizes: [a, b] }: NoiseOptions): Float64Array {
  const clusters = samples.sizes.length;
  const half = Math.floor(clusters / 2);
  const scale = Math.sqrt((1 / a + 1 / b) / (1 / half + 1 / (clusters - half)));
  const order = Uint32Array.from({ length: clusters }, (_, index) => index);
  const isFirst = new Uint8Array(clusters);
  const distances = new Float64Array(splits);
  for (let split = 0; split < splits; split += 1) {
    isFirst.fill(0);
    for (let at = 0; at < half; at += 1) {
      const other = at + Math.floor(rng() * (clusters - at));
      const chosen = order[other] ?? 0;
      order[other] = order[at] ?? 0;
      order[at] = chosen;
      isFirst[chosen] = 1;
    }
    distances[split] = wassersteinWithin(samples, isFirst) * scale;
  }
  return distances.filter((distance) => !Number.isNaN(distance)).sort();
}

/** Below it a share of distances is that of a few of them only. */
const leastAbove = 10;

/**
 * How likely chance alone gives a distance at least that large.
 *
 * It is the share of the distances that are not below it. Where those are fewer than ten, their logarithms are taken as normally
 * distributed, so that some hundreds of them tell of rare events too.
 *
 * @param sorted distances by chance alone, ascending
 */
export function probabilityOf(sorted: Float64Array, distance: number): number {
  const above = sorted.length - sorted.findLastIndex((each) => each < distance) - 1;
  const share = (above + 1) / (sorted.length + 1);
  if (above >= leastAbove || !(distance > 0)) return share;
  const logarithms = sorted.filter((each) => each > 0).map(Math.log);
  if (logarithms.length < 2) return share;
  const mean = logarithms.reduce((sum, each) => sum + each, 0) / logarithms.length;
  const variance = logarithms.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (logarithms.length - 1);
  const deviations = (Math.log(distance) - mean) / Math.sqrt(variance);
  return Number.isNaN(deviations) ? share : Math.min(share, normalTail(deviations));
}

/**
 * How likely a standard normal value is above `z`, for z ≥ 0, within 10⁻⁷.
 *
 * @see https://personal.math.ubc.ca/~cbm/aands/page_932.htm Abramowitz and Stegun, 26.2.17
 */
export function normalTail(z: number): number {
  if (z === Infinity) return 0;
  const t = 1 / (1 + 0.2316419 * z);
  const factors = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = factors.reduceRight((total, factor) => (total + factor) * t, 0);
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}

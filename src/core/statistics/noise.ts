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

/** The share of distances by chance alone that are not below a distance; the smallest is 1 / (their number + 1). */
export function shareNotBelow(sorted: Float64Array, distance: number): number {
  let below = 0;
  let high = sorted.length;
  while (below < high) {
    const middle = (below + high) >> 1;
    if ((sorted[middle] ?? 0) < distance) below = middle + 1;
    else high = middle;
  }
  return (sorted.length - below + 1) / (sorted.length + 1);
}

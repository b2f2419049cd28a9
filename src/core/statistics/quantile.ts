import type { Samples } from "./samples.ts";

/**
 * A quantile of ascending values: type 7, linear between the two nearest order statistics, as in R and NumPy.
 *
 * @param share 0 … 1
 * @returns NaN where there are no values
 * @see https://doi.org/10.2307/2684934 Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996)
 */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below] ?? 0;
  const high = sorted[below + 1] ?? low;
  return low + (high - low) * (position - below);
}

/**
 * The same quantiles where each cluster counts as often as it was drawn.
 *
 * @param shares ascending, each 0 … 1
 * @param counts how often each cluster was drawn
 * @param into receives one value for each share; NaN where no value was drawn
 */
export function countedQuantiles(
  { values, owners, sizes }: Samples,
  { shares, counts }: { readonly shares: readonly number[]; readonly counts: Uint32Array },
  into: Float64Array,
): void {
  let total = 0;
  for (let cluster = 0; cluster < sizes.length; cluster += 1) total += (sizes[cluster] ?? 0) * (counts[cluster] ?? 0);
  if (total === 0) {
    into.fill(Number.NaN);
    return;
  }
  let next = 0;
  /** Values so far, with the one at `at`. */
  let passed = 0;
  let at = -1;
  for (const [index, share] of shares.entries()) {
    const position = (total - 1) * share;
    const below = Math.floor(position);
    while (passed <= below) {
      at = next;
      passed += counts[owners[next] ?? 0] ?? 0;
      next += 1;
    }
    const low = values[at] ?? 0;
    const high = passed > below + 1 || below + 1 >= total ? low : (values[nextDrawn(owners, counts, next)] ?? low);
    into[index] = low + (high - low) * (position - below);
  }
}

function nextDrawn(owners: Uint32Array, counts: Uint32Array, from: number): number {
  let at = from;
  while (at < owners.length && counts[owners[at] ?? 0] === 0) at += 1;
  return at;
}

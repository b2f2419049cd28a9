/** How often a value was within which bounds. */
export type Histogram = {
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** One for each bucket, and one for what is above all bounds. */
  readonly counts: readonly number[];
};

/**
 * A quantile as Prometheus estimates it: evenly spread within a bucket; the last bound for what is above all.
 *
 * @param share 0 … 1
 * @returns undefined where nothing was counted
 */
export function histogramQuantile({ bounds, counts }: Histogram, share: number): number | undefined {
  const total = counts.reduce((all, count) => all + count, 0);
  if (total <= 0) return undefined;
  const rank = total * share;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    const upper = bounds[at];
    if (upper === undefined) break;
    if (below + count >= rank && count > 0) {
      const lower = bounds[at - 1] ?? 0;
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return bounds.at(-1) ?? 0;
}

/** One that has counted what all of them have; those with other bounds than the first are left out. */
export function addedUp(histograms: readonly Histogram[]): Histogram {
  const bounds = histograms[0]?.bounds ?? [];
  const alike = histograms.filter((each) => each.bounds.join() === bounds.join());
  const counts = Array.from({ length: bounds.length + 1 }, (_, at) =>
    alike.reduce((all, each) => all + (each.counts[at] ?? 0), 0),
  );
  return { bounds, counts };
}

/** Values in ascending order, each with the cluster that it came from: the call, whose own values depend on each other. */
export type Samples = {
  readonly values: Float64Array;
  /** The number of the cluster of each value, from 0. */
  readonly owners: Uint32Array;
  /** How many values each cluster has; some may have none. */
  readonly sizes: Uint32Array;
};

/**
 * Puts clusters of values in order.
 *
 * @param clusters the values of each, such as the gaps of one stream; numbers that are not finite are left out
 */
export function samplesOf(clusters: readonly ArrayLike<number>[]): Samples {
  let total = 0;
  for (const cluster of clusters) total += cluster.length;
  const found = new Float64Array(total);
  const owner = new Uint32Array(total);
  const sizes = new Uint32Array(clusters.length);
  let count = 0;
  for (const [index, cluster] of clusters.entries()) {
    for (let at = 0; at < cluster.length; at += 1) {
      const value = cluster[at];
      if (value === undefined || !Number.isFinite(value)) continue;
      found[count] = value;
      owner[count] = index;
      sizes[index] = (sizes[index] ?? 0) + 1;
      count += 1;
    }
  }
  const order = Uint32Array.from({ length: count }, (_, index) => index).sort(
    (a, b) => (found[a] ?? 0) - (found[b] ?? 0),
  );
  return { values: Float64Array.from(order, (at) => found[at] ?? 0), owners: order.map((at) => owner[at] ?? 0), sizes };
}

/** The clusters that have values. */
export function clustersIn({ sizes }: Samples): number {
  return sizes.reduce((count, size) => count + (size > 0 ? 1 : 0), 0);
}

/** The mean of all values; NaN where there are none. */
export function meanOf({ values }: Samples): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Counts of times by bucket: a sparse histogram with buckets 5 % apart, as plain data. */
export type Times = { readonly [bucket: string]: number };

const growth = Math.log(1.05);

/** A time of less than a tenth of a millisecond is no time. */
export function bucketOf(ms: number): number {
  return ms < 0.1 ? 0 : 1 + Math.floor(Math.log(ms / 0.1) / growth);
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : 0.1 * Math.exp((bucket - 0.5) * growth);
}

/** The buckets of a histogram, from the shortest time to the longest. */
function bucketsOf(times: Times): { readonly ms: number; readonly count: number }[] {
  return Object.entries(times)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((one, other) => one.bucket - other.bucket)
    .map(({ bucket, count }) => ({ ms: middleOf(bucket), count }));
}

/** How many times a histogram has. */
export function countOf(times: Times): number {
  return Object.values(times).reduce((sum, count) => sum + count, 0);
}

/**
 * A quantile of a histogram, within 2.5 %.
 *
 * @param share 0 … 1
 * @returns milliseconds; undefined where there are no times
 */
export function quantileOf(times: Times, share: number): number | undefined {
  const wanted = countOf(times) * share;
  let sum = 0;
  for (const { ms, count } of bucketsOf(times)) {
    sum += count;
    if (sum >= wanted) return ms;
  }
  return undefined;
}

/** The mean of a histogram in milliseconds, within 2.5 %; undefined where there are no times. */
export function meanOf(times: Times): number | undefined {
  const count = countOf(times);
  return count === 0 ? undefined : bucketsOf(times).reduce((sum, { ms, count }) => sum + ms * count, 0) / count;
}

/** A point of a distribution: so many percent of all took at most so long. */
export type SharePoint = { readonly ms: number; readonly percent: number };

/** The distribution of a histogram, from its shortest time to its longest; the last point has 100 %. */
export function distributionOf(times: Times): readonly SharePoint[] {
  const whole = countOf(times);
  let sum = 0;
  return bucketsOf(times).map(({ ms, count }) => ({ ms, percent: (100 * (sum += count)) / whole }));
}

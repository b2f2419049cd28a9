/**
 * Adds one reading to a histogram: a count for each bound, one for all above, and the sum in seconds.
 *
 * @param at index of the first count in `values`
 * @param boundsMs upper bounds, inclusive, ascending
 */
export function observe(values: Float64Array, at: number, boundsMs: Float64Array, ms: number): void {
  values[at + bucketOf(boundsMs, ms)]! += 1;
  values[at + boundsMs.length + 1]! += ms / 1000;
}

/**
 * Adds the gap between each two times that follow each other to a histogram.
 *
 * @param atMs at least one time, ascending
 */
export function observeGaps(values: Float64Array, at: number, boundsMs: Float64Array, atMs: readonly number[]): void {
  let beforeMs = atMs[0]!;
  for (let index = 1; index < atMs.length; index += 1) {
    const nowMs = atMs[index]!;
    values[at + bucketOf(boundsMs, nowMs - beforeMs)]! += 1;
    beforeMs = nowMs;
  }
  values[at + boundsMs.length + 1]! += (beforeMs - atMs[0]!) / 1000;
}

/** Index of the first bound that is not below `ms`; the number of bounds when there is none. */
function bucketOf(boundsMs: Float64Array, ms: number): number {
  let low = 0;
  let high = boundsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (boundsMs[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Adds to one number of an array.
 *
 * @param at an index within the array
 */
export function add(values: Float64Array, at: number, by: number): void {
  values[at] = (values[at] ?? 0) + by;
}

/** The buckets of a histogram. In an array of values it has a count for each bound, one for all above, and the sum in seconds. */
export class Buckets {
  readonly #boundsMs: Float64Array;

  /** @param boundsMs upper bounds, inclusive, ascending */
  constructor(boundsMs: Float64Array) {
    this.#boundsMs = boundsMs;
  }

  /**
   * Adds one reading.
   *
   * @param at index of the first count in `values`
   */
  observe(values: Float64Array, at: number, ms: number): void {
    add(values, at + bucketOf(this.#boundsMs, ms), 1);
    add(values, at + this.#boundsMs.length + 1, ms / 1000);
  }

  /**
   * Adds the gap between each two times that follow each other.
   *
   * @param at index of the first count in `values`
   * @param atMs ascending
   */
  observeGaps(values: Float64Array, at: number, atMs: readonly number[]): void {
    const boundsMs = this.#boundsMs;
    const firstMs = atMs[0] ?? 0;
    let beforeMs = firstMs;
    for (let index = 1; index < atMs.length; index += 1) {
      const nowMs = atMs[index] ?? beforeMs;
      add(values, at + bucketOf(boundsMs, nowMs - beforeMs), 1);
      beforeMs = nowMs;
    }
    add(values, at + boundsMs.length + 1, (beforeMs - firstMs) / 1000);
  }
}

/** Index of the first bound that is not below `ms`; the number of bounds when there is none. */
function bucketOf(boundsMs: Float64Array, ms: number): number {
  let low = 0;
  let high = boundsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((boundsMs[middle] ?? Infinity) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

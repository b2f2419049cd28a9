/**
 * A bounded summary of many numbers ≥ 0 whose quantiles are right within 1 %; those of several event loops or nodes add up.
 *
 * It counts values in bins whose bounds grow by a constant factor, as DDSketch does.
 *
 * @see https://doi.org/10.14778/3352063.3352135 Masson, Rim and Lee, "DDSketch" (2019)
 */
export type Sketch = {
  /** @throws RangeError for a number that is below 0 or not finite */
  add(value: number, count?: number): void;
  /** Adds all that another has counted. */
  merge(other: Sketch): void;
  /** The value at a share of 0 … 1, within 1 % of it; NaN where nothing was counted. */
  quantile(share: number): number;
  count(): number;
  toJSON(): SketchData;
};

/** A sketch as plain data. `bins` are number and count in turn, in the order of the numbers. */
export type SketchData = {
  /** Values below `leastValue`. */
  readonly zeros: number;
  readonly min: number;
  readonly max: number;
  readonly bins: readonly number[];
};

const accuracy = 0.01;
const logBase = Math.log((1 + accuracy) / (1 - accuracy));
/** Of milliseconds, a nanosecond. */
const leastValue = 1e-6;
/** Enough for numbers from 10⁻⁶ to 10¹¹; beyond that the smallest share one bin. */
const maxBins = 2048;

/** Makes an empty one. */
export function createSketch(): Sketch {
  return new BinnedSketch();
}

/**
 * One with the contents of another.
 *
 * @throws RangeError for data that no sketch has
 */
export function sketchFrom(data: SketchData): Sketch {
  const sketch = new BinnedSketch();
  sketch.take(data);
  return sketch;
}

class BinnedSketch implements Sketch {
  readonly #bins = new Map<number, number>();
  #zeros = 0;
  #count = 0;
  #min = Infinity;
  #max = 0;

  add(value: number, count = 1): void {
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`A sketch takes numbers from 0 on, not ${value}.`);
    this.#count += count;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (value < leastValue) this.#zeros += count;
    else this.#addTo(Math.ceil(Math.log(value) / logBase), count);
  }

  merge(other: Sketch): void {
    this.take(other.toJSON());
  }

  take({ zeros, min, max, bins }: SketchData): void {
    checkData({ zeros, min, max, bins });
    this.#count += zeros;
    this.#zeros += zeros;
    for (let at = 0; at + 1 < bins.length; at += 2) {
      const count = bins[at + 1] ?? 0;
      this.#count += count;
      this.#addTo(bins[at] ?? 0, count);
    }
    if (zeros === 0 && bins.length === 0) return;
    this.#min = Math.min(this.#min, min);
    this.#max = Math.max(this.#max, max);
  }

  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = share * (this.#count - 1);
    let passed = this.#zeros;
    if (rank < passed) return Math.max(0, this.#min);
    for (const [bin, count] of this.#sorted()) {
      passed += count;
      if (rank < passed) return this.#within((2 * Math.exp(bin * logBase)) / (1 + Math.exp(logBase)));
    }
    return this.#max;
  }

  count(): number {
    return this.#count;
  }

  toJSON(): SketchData {
    const min = this.#count === 0 ? 0 : this.#min;
    return { zeros: this.#zeros, min, max: this.#max, bins: this.#sorted().flat() };
  }

  #within(value: number): number {
    return Math.min(this.#max, Math.max(this.#min, value));
  }

  #addTo(bin: number, count: number): void {
    this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + count);
    if (this.#bins.size <= maxBins) return;
    const [lowest, next] = this.#sorted();
    if (lowest === undefined || next === undefined) return;
    this.#bins.delete(lowest[0]);
    this.#bins.set(next[0], next[1] + lowest[1]);
  }

  #sorted(): [bin: number, count: number][] {
    return [...this.#bins].sort(([a], [b]) => a - b);
  }
}

function checkData({ zeros, min, max, bins }: SketchData): void {
  const numbers = [zeros, min, max, ...bins];
  const isGood = numbers.every(Number.isFinite) && zeros >= 0 && min >= 0 && bins.length % 2 === 0;
  if (!isGood || bins.some((each, at) => (at % 2 === 1 ? each < 0 : !Number.isInteger(each))))
    throw new RangeError("These are not the contents of a sketch.");
}

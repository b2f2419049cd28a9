import { acquire, release } from "../shared-lock.ts";

/** How a table is laid out. The first word of a row says whether it is used: 0 is a free row. */
export type TableShape = {
  readonly buckets: number;
  /** Integers and times of each row. */
  readonly words: number;
  readonly times: number;
};

/** What has one place in a table: two hashes, 32 bits each. */
export type RowId = { readonly high: number; readonly low: number };

const rowsPerBucket = 8;
/** Words of a row before those of its table: whether it is used, and its id. */
const idWords = 3;

/** A section is some hundred nanoseconds long: after so many naps its holder must be gone. */
const naps = 100;

/** Allocates a table. */
export function createTableMemory(shape: TableShape): SharedArrayBuffer {
  return new SharedArrayBuffer(lengthsOf(shape).bytes);
}

function lengthsOf({ buckets, words, times }: TableShape) {
  const rows = buckets * rowsPerBucket;
  const timesBytes = rows * times * Float64Array.BYTES_PER_ELEMENT;
  const wordsBytes = rows * (idWords + words) * Int32Array.BYTES_PER_ELEMENT;
  return { rows, timesBytes, wordsBytes, bytes: timesBytes + wordsBytes + buckets * Int32Array.BYTES_PER_ELEMENT };
}

/**
 * Rows in shared memory that are found by an id, in any thread.
 *
 * An id belongs to one bucket of eight rows, which has a lock. What is done to rows is done inside `locked`.
 */
export class BucketTable {
  readonly #times: Float64Array;
  readonly #words: Int32Array;
  readonly #locks: Int32Array;
  readonly #shape: TableShape;
  readonly #owner: number;

  /**
   * @param memory from `createTableMemory` with the same shape
   * @param worker number of this thread, the same in no two of them
   */
  constructor(memory: SharedArrayBuffer, shape: TableShape, worker: number) {
    const { rows, timesBytes, wordsBytes } = lengthsOf(shape);
    this.#shape = shape;
    this.#owner = worker + 1;
    this.#times = new Float64Array(memory, 0, rows * shape.times);
    this.#words = new Int32Array(memory, timesBytes, rows * (idWords + shape.words));
    this.#locks = new Int32Array(memory, timesBytes + wordsBytes, shape.buckets);
  }

  get buckets(): number {
    return this.#shape.buckets;
  }

  /** The bucket of an id. */
  bucketOf({ low }: RowId): number {
    return (low >>> 0) % this.#shape.buckets;
  }

  /**
   * Does something with the rows of a bucket, while no other thread does.
   *
   * @returns undefined where another thread holds the bucket for too long
   */
  locked<Value>(bucket: number, section: () => Value): Value | undefined {
    if (!acquire({ words: this.#locks, index: bucket }, this.#owner, { naps })) return undefined;
    try {
      return section();
    } finally {
      release(this.#locks, bucket);
    }
  }

  /** The row of an id; −1 where there is none. */
  find(id: RowId): number {
    const first = this.#firstOf(this.bucketOf(id));
    for (let row = first; row < first + rowsPerBucket; row += 1) {
      const at = row * (idWords + this.#shape.words);
      if (this.#words[at] === 1 && this.#words[at + 1] === (id.high | 0) && this.#words[at + 2] === (id.low | 0))
        return row;
    }
    return -1;
  }

  /** The rows of a bucket that are used. */
  *used(bucket: number): Generator<number> {
    const first = this.#firstOf(bucket);
    for (let row = first; row < first + rowsPerBucket; row += 1)
      if (this.#words[row * (idWords + this.#shape.words)] === 1) yield row;
  }

  /** A free row of the bucket of an id, which is the id's from now on; −1 where there is none. */
  add(id: RowId): number {
    const first = this.#firstOf(this.bucketOf(id));
    for (let row = first; row < first + rowsPerBucket; row += 1) {
      const at = row * (idWords + this.#shape.words);
      if (this.#words[at] === 1) continue;
      this.#words.fill(0, at, at + idWords + this.#shape.words);
      this.#words[at] = 1;
      this.#words[at + 1] = id.high | 0;
      this.#words[at + 2] = id.low | 0;
      return row;
    }
    return -1;
  }

  free(row: number): void {
    this.#words[row * (idWords + this.#shape.words)] = 0;
  }

  word(row: number, field: number): number {
    return this.#words[row * (idWords + this.#shape.words) + idWords + field] ?? 0;
  }

  setWord(row: number, field: number, value: number): void {
    this.#words[row * (idWords + this.#shape.words) + idWords + field] = value;
  }

  time(row: number, field: number): number {
    return this.#times[row * this.#shape.times + field] ?? 0;
  }

  setTime(row: number, field: number, value: number): void {
    this.#times[row * this.#shape.times + field] = value;
  }

  /** Takes the locks back from a thread that died. */
  returnLocksOf(worker: number): void {
    for (let bucket = 0; bucket < this.#shape.buckets; bucket += 1)
      Atomics.compareExchange(this.#locks, bucket, worker + 1, 0);
  }

  #firstOf(bucket: number): number {
    return bucket * rowsPerBucket;
  }
}

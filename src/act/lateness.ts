/** By how much frames left later than planned. */
export class Lateness {
  #sumMs = 0;
  #maxMs = 0;
  #count = 0;

  add(ms: number): void {
    this.#sumMs += ms;
    this.#count += 1;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  /** Undefined where no frame was sent. */
  value(): { mean: number; max: number } | undefined {
    return this.#count === 0 ? undefined : { mean: this.#sumMs / this.#count, max: this.#maxMs };
  }
}

/** What is held back, in the order in which it came. */
export type Held = {
  /** @returns forgets it without releasing it */
  add(release: () => void): () => void;
  size(): number;
  /** Releases the one that has waited longest. */
  releaseFirst(): void;
  /** Releases so many, those that came latest first. */
  releaseLatest(count: number): void;
};

/** Undefined once it is released or forgotten. */
type Entry = { release: (() => void) | undefined };

/** So many places are given up together. */
const placesAtOnce = 1024;

/** Makes the collection, empty; each of its calls takes constant time for each entry that it lets go. */
export function createHeld(): Held {
  return new HeldList();
}

class HeldList implements Held {
  #entries: Entry[] = [];
  #first = 0;
  #size = 0;

  add(release: () => void): () => void {
    const entry: Entry = { release };
    this.#entries.push(entry);
    this.#size += 1;
    return () => {
      this.#letGo(entry);
      this.#tidy();
    };
  }

  size(): number {
    return this.#size;
  }

  releaseFirst(): void {
    let release: (() => void) | undefined;
    for (; release === undefined && this.#first < this.#entries.length; this.#first += 1)
      release = this.#letGo(this.#entries[this.#first]);
    this.#tidy();
    release?.();
  }

  releaseLatest(count: number): void {
    for (let left = count; left > 0 && this.#entries.length > this.#first;) {
      const release = this.#letGo(this.#entries.pop());
      if (release === undefined) continue;
      left -= 1;
      release();
    }
    this.#tidy();
  }

  /** @returns undefined for one that was let go before */
  #letGo(entry: Entry | undefined): (() => void) | undefined {
    const release = entry?.release;
    if (entry === undefined || release === undefined) return undefined;
    entry.release = undefined;
    this.#size -= 1;
    return release;
  }

  #tidy(): void {
    if (this.#size > 0 && this.#first < Math.max(placesAtOnce, this.#entries.length / 2)) return;
    this.#entries = this.#size === 0 ? [] : this.#entries.slice(this.#first);
    this.#first = 0;
  }
}

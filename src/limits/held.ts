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
  let entries: Entry[] = [];
  let first = 0;
  let size = 0;
  /** @returns undefined for one that was let go before */
  const letGo = (entry: Entry | undefined): (() => void) | undefined => {
    const release = entry?.release;
    if (entry === undefined || release === undefined) return undefined;
    entry.release = undefined;
    size -= 1;
    return release;
  };
  const tidy = (): void => {
    if (size > 0 && first < Math.max(placesAtOnce, entries.length / 2)) return;
    entries = size === 0 ? [] : entries.slice(first);
    first = 0;
  };
  return {
    size: () => size,
    add(release) {
      const entry: Entry = { release };
      entries.push(entry);
      size += 1;
      return () => {
        letGo(entry);
        tidy();
      };
    },
    releaseFirst() {
      let release: (() => void) | undefined;
      for (; release === undefined && first < entries.length; first += 1) release = letGo(entries[first]);
      tidy();
      release?.();
    },
    releaseLatest(count) {
      for (let left = count; left > 0 && entries.length > first;) {
        const release = letGo(entries.pop());
        if (release === undefined) continue;
        left -= 1;
        release();
      }
      tidy();
    },
  };
}

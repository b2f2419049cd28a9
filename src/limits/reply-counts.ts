/** How often each reply of the admin API was given, over all event loops of a node. */
export type ReplyCounts = {
  /**
   * Counts one more, where there may be one.
   *
   * @param max what the count may become; undefined where nothing limits it
   * @returns false when it is there already
   */
  take(slot: number, max: number | undefined): boolean;
  count(slot: number): number;
};

/** Max replies that are there at once. */
export const maxReplies = 1000;

/** Allocates the counts of a node. */
export function createReplyMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(maxReplies * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * The counts of a node, one for each slot. A count only grows: what a new reply of a slot may have is added to what it finds.
 *
 * @param memory from `createReplyMemory`
 */
export function createReplyCounts(memory: SharedArrayBuffer): ReplyCounts {
  const counts = new Int32Array(memory);
  return {
    take(slot, max = Infinity) {
      for (let count = Atomics.load(counts, slot); ;) {
        if (count >= max) return false;
        const found = Atomics.compareExchange(counts, slot, count, count + 1);
        if (found === count) return true;
        count = found;
      }
    },
    count: (slot) => Atomics.load(counts, slot),
  };
}

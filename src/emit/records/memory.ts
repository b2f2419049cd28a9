import type { TrafficRecord } from "../../core/records/types.ts";

/** The latest records of an event loop. */
export type RecordMemory = {
  add(record: TrafficRecord): void;
  /** Up to `limit` records that are wanted, the oldest first. */
  last(limit: number, wanted: (record: TrafficRecord) => boolean): readonly TrafficRecord[];
};

/** Gaps that all of them may have together; each is a number of 8 bytes. */
const maxGaps = 2_000_000;

/** @param size records kept; fewer where they have more than 2,000,000 gaps together */
export function createRecordMemory(size: number): RecordMemory {
  const records: (TrafficRecord | undefined)[] = [];
  let first = 0;
  let count = 0;
  let gaps = 0;
  const drop = (): void => {
    gaps -= gapsOf(records[first]);
    records[first] = undefined;
    first = (first + 1) % size;
    count -= 1;
  };
  const isFull = (): boolean => count === size || (count > 0 && gaps > maxGaps);
  return {
    add(record) {
      if (size === 0) return;
      gaps += gapsOf(record);
      while (isFull()) drop();
      records[(first + count) % size] = record;
      count += 1;
    },
    last(limit, wanted) {
      const found: TrafficRecord[] = [];
      for (let back = count - 1; back >= 0 && found.length < limit; back -= 1) {
        const record = records[(first + back) % size];
        if (record !== undefined && wanted(record)) found.push(record);
      }
      return found.toReversed();
    },
  };
}

function gapsOf(record: TrafficRecord | undefined): number {
  if (record === undefined) return 0;
  const { actual, planned, mirror } = record;
  return actual.gapsMs.length + (planned?.gapsMs.length ?? 0) + (mirror?.gapsMs.length ?? 0);
}

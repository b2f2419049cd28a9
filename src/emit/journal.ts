import type { Outcome, Timeline } from "../core/types.ts";

/** The outcomes of the latest calls. */
export type Journal = {
  add(outcome: Outcome): void;
  /** At most `limit` outcomes, the newest first. */
  last(limit: number): readonly Outcome[];
};

/** Token times kept of one timeline; `tokens` still tells how many there were. */
const maxTimes = 1000;

/**
 * Makes a ring that keeps the latest outcomes, with the first 1,000 token times of each timeline.
 *
 * @param size outcomes kept, ≥ 1
 */
export function createJournal(size: number): Journal {
  const ring: Outcome[] = [];
  let cursor = 0;
  return {
    add(outcome) {
      ring[cursor] = short(outcome);
      cursor = (cursor + 1) % size;
    },
    last(limit) {
      const count = Math.min(limit, ring.length);
      return Array.from({ length: count }, (_, back) => ring[(cursor - 1 - back + size) % size]!);
    },
  };
}

function short(outcome: Outcome): Outcome {
  const { actual, planned, shadow } = outcome;
  const long = tooLong(actual) || tooLong(planned) || tooLong(shadow?.real) || tooLong(shadow?.simulated);
  if (!long) return outcome;
  return {
    ...outcome,
    actual: shortTimeline(actual),
    planned: planned === undefined ? undefined : shortTimeline(planned),
    shadow:
      shadow === undefined
        ? undefined
        : { real: shortTimeline(shadow.real), simulated: shortTimeline(shadow.simulated) },
  };
}

function tooLong(timeline: Timeline | undefined): boolean {
  return timeline !== undefined && timeline.atMs.length > maxTimes;
}

function shortTimeline(timeline: Timeline): Timeline {
  return tooLong(timeline) ? { ...timeline, atMs: timeline.atMs.slice(0, maxTimes) } : timeline;
}

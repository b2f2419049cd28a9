import type { Outcome, ShadowPair, Timeline } from "../core/types.ts";

/** The outcomes of the latest calls. */
export type Journal = {
  add(outcome: Outcome): void;
  /** Up to `limit` outcomes, the newest first; plain copies. */
  last(limit: number): readonly Outcome[];
};

/** Token times kept of one timeline; `tokens` still tells how many there were. */
const maxTimes = 1000;

/**
 * Makes a ring that keeps the latest outcomes, with the first 1,000 token times of each timeline.
 *
 * Its records are made once and written over: an object that is kept for the next thousand calls would survive the
 * collections of young memory, which made each call about 1 µs dearer.
 *
 * @param size outcomes kept, ≥ 1
 */
export function createJournal(size: number): Journal {
  const ring: Record[] = [];
  let cursor = 0;
  return {
    add(outcome) {
      write((ring[cursor] ??= newRecord(outcome)), outcome);
      cursor = (cursor + 1) % size;
    },
    last(limit) {
      const found: Outcome[] = [];
      for (let back = 1; back <= Math.min(limit, ring.length); back += 1) {
        const record = ring[(cursor - back + size) % size];
        if (record !== undefined) found.push(read(record));
      }
      return found;
    },
  };
}

type Written<Type> = { -readonly [Member in keyof Type]: Type[Member] };

/** An outcome whose parts are written over; `outcome` says which of the optional parts count. */
type Record = {
  readonly outcome: Written<Outcome>;
  readonly actual: Written<Timeline>;
  readonly planned: Written<Timeline>;
  readonly scheduleErrorMs: { mean: number; max: number };
};

const noTimes: readonly number[] = [];

function newRecord(outcome: Outcome): Record {
  const timeline = (): Written<Timeline> => ({ ttftMs: undefined, totalMs: 0, tokens: 0, atMs: noTimes });
  return { outcome: { ...outcome }, actual: timeline(), planned: timeline(), scheduleErrorMs: { mean: 0, max: 0 } };
}

function write({ outcome: to, actual, planned, scheduleErrorMs }: Record, from: Outcome): void {
  to.id = from.id;
  to.startedAtMs = from.startedAtMs;
  to.method = from.method;
  to.route = from.route;
  to.operation = from.operation;
  to.dialect = from.dialect;
  to.model = from.model;
  to.stream = from.stream;
  to.client = from.client;
  to.keyName = from.keyName;
  to.rule = from.rule;
  to.mode = from.mode;
  to.upstream = from.upstream;
  to.profile = from.profile;
  to.faults = from.faults.length === 0 ? noFaults : from.faults;
  to.standIn = from.standIn;
  to.status = from.status;
  to.ending = from.ending;
  to.cause = from.cause;
  to.promptTokens = from.promptTokens;
  to.queueMs = from.queueMs;
  to.overheadMs = from.overheadMs;
  to.actual = writeTimeline(actual, from.actual);
  to.planned = from.planned === undefined ? undefined : writeTimeline(planned, from.planned);
  to.scheduleErrorMs = writeError(scheduleErrorMs, from.scheduleErrorMs);
  to.shadow = from.shadow === undefined ? undefined : copyOfPair(from.shadow);
}

const noFaults: readonly string[] = [];

function writeTimeline(to: Written<Timeline>, { ttftMs, totalMs, tokens, atMs }: Timeline): Timeline {
  to.ttftMs = ttftMs;
  to.totalMs = totalMs;
  to.tokens = tokens;
  to.atMs = atMs.length === 0 ? noTimes : atMs.length > maxTimes ? atMs.slice(0, maxTimes) : atMs;
  return to;
}

function writeError(to: Record["scheduleErrorMs"], from: Outcome["scheduleErrorMs"]): Outcome["scheduleErrorMs"] {
  if (from === undefined) return undefined;
  to.mean = from.mean;
  to.max = from.max;
  return to;
}

function copyOfPair({ real, simulated }: ShadowPair): ShadowPair {
  return { real: copyOfTimeline(real), simulated: copyOfTimeline(simulated) };
}

function copyOfTimeline(timeline: Timeline): Timeline {
  return { ...timeline, atMs: timeline.atMs.slice(0, maxTimes) };
}

function read({ outcome }: Record): Outcome {
  const { faults, actual, planned, scheduleErrorMs, shadow } = outcome;
  return {
    ...outcome,
    faults: [...faults],
    actual: copyOfTimeline(actual),
    planned: planned === undefined ? undefined : copyOfTimeline(planned),
    scheduleErrorMs: scheduleErrorMs === undefined ? undefined : { ...scheduleErrorMs },
    shadow: shadow === undefined ? undefined : copyOfPair(shadow),
  };
}

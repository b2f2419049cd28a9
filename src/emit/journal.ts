import type { Outcome, ShadowPair, Timeline } from "../core/types.ts";

/** The outcomes of the latest calls. */
export type Journal = {
  add(outcome: Outcome): void;
  /** Up to `limit` outcomes that are wanted, plain copies: the latest to end first, or the latest to start. */
  last(limit: number, wanted?: (outcome: Outcome) => boolean, order?: "ended" | "started"): readonly Outcome[];
};

/** Token times kept of one timeline; `tokens` still tells how many there were. */
const maxTimes = 1000;

/**
 * Makes a journal that keeps the latest outcomes, with the first 1,000 token times of each timeline. Calls that failed or were
 * faulted have a ring of their own: however many good ones follow, they stay.
 *
 * Its records are made once and written over: an object that is kept for the next thousand calls would survive the
 * collections of young memory, which made each call about 1 µs dearer.
 *
 * @param size outcomes kept of either sort, ≥ 1
 */
export function createJournal(size: number): Journal {
  const [good, bad] = [newRing(), newRing()];
  let count = 0;
  return {
    add(outcome) {
      const ring = isGood(outcome) ? good : bad;
      const record = (ring.records[ring.cursor] ??= newRecord(outcome));
      ring.cursor = (ring.cursor + 1) % size;
      count += 1;
      record.number = count;
      write(record, outcome);
    },
    last(limit, wanted = () => true, order = "ended") {
      const placeOf = ({ number, outcome }: Record): number => (order === "ended" ? number : outcome.startedAtMs);
      const records = [...good.records, ...bad.records].filter(({ outcome }) => wanted(outcome));
      return records
        .sort((a, b) => placeOf(b) - placeOf(a))
        .slice(0, limit)
        .map(read);
    },
  };
}

/** Records in the order in which they are written over. */
type Ring = { readonly records: Record[]; cursor: number };

function newRing(): Ring {
  return { records: [], cursor: 0 };
}

function isGood({ status, cause, faults, standIn }: Outcome): boolean {
  const isAgreed = cause === undefined || (cause === "BUDGET_SPENT" && standIn);
  return isAgreed && faults.length === 0 && status < 400;
}

type Written<Type> = { -readonly [Member in keyof Type]: Type[Member] };

/** An outcome whose parts are written over; `outcome` says which of the optional parts count. */
type Record = {
  /** Counts the calls, from 1. */
  number: number;
  readonly outcome: Written<Outcome>;
  readonly actual: Written<Timeline>;
  readonly planned: Written<Timeline>;
  readonly scheduleErrorMs: { mean: number; max: number };
};

const noTimes: readonly number[] = [];

function newRecord(outcome: Outcome): Record {
  const timeline = (): Written<Timeline> => ({ ttftMs: undefined, totalMs: 0, tokens: 0, atMs: noTimes });
  return {
    number: 0,
    outcome: withoutNotes(outcome),
    actual: timeline(),
    planned: timeline(),
    scheduleErrorMs: { mean: 0, max: 0 },
  };
}

/** Notes are for records of calls, and would be those of the first one. */
function withoutNotes(outcome: Outcome): Written<Outcome> {
  const kept: Written<Outcome> = { ...outcome };
  if (kept.notes !== undefined) kept.notes = undefined;
  return kept;
}

function write({ outcome: to, actual, planned, scheduleErrorMs }: Record, from: Outcome): void {
  to.id = from.id;
  to.upstreamRequestId = from.upstreamRequestId;
  to.traceId = from.traceId;
  to.attempt = from.attempt;
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
  to.faults = from.faults.length === 0 ? none : from.faults;
  to.experiments = from.experiments.length === 0 ? none : from.experiments;
  to.standIn = from.standIn;
  to.status = from.status;
  to.ending = from.ending;
  to.cause = from.cause;
  to.promptTokens = from.promptTokens;
  to.costUsd = from.costUsd;
  to.queueMs = from.queueMs;
  to.askedMs = from.askedMs;
  to.connectingMs = from.connectingMs;
  to.connectedMs = from.connectedMs;
  to.headMs = from.headMs;
  to.faultAtMs = from.faultAtMs;
  to.overheadMs = from.overheadMs;
  to.actual = writeTimeline(actual, from.actual);
  to.planned = from.planned === undefined ? undefined : writeTimeline(planned, from.planned);
  to.scheduleErrorMs = writeError(scheduleErrorMs, from.scheduleErrorMs);
  to.shadow = from.shadow === undefined ? undefined : copyOfPair(from.shadow);
}

const none: readonly string[] = [];

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
  const { faults, faultAtMs, experiments, actual, planned, scheduleErrorMs, shadow } = outcome;
  return {
    ...outcome,
    faults: [...faults],
    faultAtMs: faultAtMs && [...faultAtMs],
    experiments: [...experiments],
    actual: copyOfTimeline(actual),
    planned: planned === undefined ? undefined : copyOfTimeline(planned),
    scheduleErrorMs: scheduleErrorMs === undefined ? undefined : { ...scheduleErrorMs },
    shadow: shadow === undefined ? undefined : copyOfPair(shadow),
  };
}

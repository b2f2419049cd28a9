import type { CallTiming, TrafficRecord } from "../records/types.ts";

/** What is compared of a call; `gapMs` is the time between two tokens. */
export type Measure = "ttftMs" | "gapMs" | "totalMs" | "outputTokens";

export const measures: readonly Measure[] = ["ttftMs", "gapMs", "totalMs", "outputTokens"];

/** Why a call is not compared. */
export type LeftOut = "not mirrored" | "fault" | "stand-in" | "overridden" | "failed" | "mirror failed";

/** One side of a call, with what says which calls are like it. */
export type Observed = {
  readonly model: string;
  readonly stream: boolean;
  /** The upstream or the profile that it was timed with. */
  readonly source: string;
  readonly promptTokens: number | undefined;
  readonly inFlight: number | undefined;
  readonly timing: CallTiming;
};

/** Both sides of calls: where they are pairs, one at each index. */
export type Sides = {
  readonly isPaired: boolean;
  readonly reference: readonly Observed[];
  readonly candidate: readonly Observed[];
  /** Calls that are not compared, by class. */
  readonly leftOut: { readonly [Class in LeftOut]?: number };
  /** Start of the first and the last call that is compared, milliseconds since 1970; absent where there is none. */
  readonly period?: { readonly from: number; readonly to: number };
};

/**
 * The two sides of mirrored calls: the provider's is the reference, what was mirrored the candidate.
 *
 * Only calls that ended well on both sides are compared, on which no fault acted, for which nothing stood in, and of which nobody
 * asked for other times.
 */
export function pairsIn(records: Iterable<TrafficRecord>): Sides {
  const [reference, candidate]: [Observed[], Observed[]] = [[], []];
  const counted = createCounted();
  for (const record of records) {
    const { mirror } = record;
    const found = pairLeftOut(record);
    counted.add(record, found);
    if (found !== undefined || mirror === undefined) continue;
    const served = observed(record, sourceOf(record), record.actual);
    const other = observed(record, mirror.name, mirror);
    const isReversed = isServedCandidate(record);
    reference.push(isReversed ? other : served);
    candidate.push(isReversed ? served : other);
  }
  return { isPaired: true, reference, candidate, ...counted.get() };
}

/**
 * Two sets of calls, as they were served.
 *
 * @param records the candidate
 * @param against the reference
 */
export function setsOf(records: Iterable<TrafficRecord>, against: Iterable<TrafficRecord>): Sides {
  const counted = createCounted();
  const take = (from: Iterable<TrafficRecord>): Observed[] => {
    const taken: Observed[] = [];
    for (const record of from) {
      const found = leftOutOf(record);
      counted.add(record, found);
      if (found === undefined) taken.push(observed(record, sourceOf(record), record.actual));
    }
    return taken;
  };
  const candidate = take(records);
  return { isPaired: false, reference: take(against), candidate, ...counted.get() };
}

/** The times of both sides of one mirrored call; undefined for a call that is not compared. */
export function timingsOf(record: TrafficRecord): { reference: CallTiming; candidate: CallTiming } | undefined {
  const { mirror, actual } = record;
  if (mirror === undefined || pairLeftOut(record) !== undefined) return undefined;
  return isServedCandidate(record)
    ? { reference: mirror, candidate: actual }
    : { reference: actual, candidate: mirror };
}

/** A simulation that was served is what shall be like the provider's response, which nobody saw. */
function isServedCandidate({ mode, mirror }: TrafficRecord): boolean {
  return mode === "simulated" && mirror?.from === "upstream";
}

function pairLeftOut(record: TrafficRecord): LeftOut | undefined {
  return isMirrored(record) ? (leftOutOf(record) ?? mirrorLeftOut(record)) : "not mirrored";
}

/** Whether a record is of a mirrored call, also of one whose other side is not known because it failed. */
function isMirrored({ mirror, mode, profile }: TrafficRecord): boolean {
  return mirror !== undefined || (mode === "real" && profile !== undefined);
}

function leftOutOf(record: TrafficRecord): LeftOut | undefined {
  const { standIn, overridden, faults = [], status, ending, cause } = record;
  if (standIn === true) return "stand-in";
  if (overridden === true) return "overridden";
  if (faults.length > 0) return "fault";
  return isGood(status) && ending === "finish" && cause === undefined ? undefined : "failed";
}

function mirrorLeftOut({ mirror }: TrafficRecord): LeftOut | undefined {
  if (mirror === undefined) return "failed";
  const { status = 200, ending = "finish" } = mirror;
  return isGood(status) && ending === "finish" ? undefined : "mirror failed";
}

function isGood(status: number): boolean {
  return status >= 200 && status < 400;
}

function sourceOf({ mode, upstream, profile }: TrafficRecord): string {
  return (mode === "simulated" ? profile : upstream) ?? mode;
}

function observed(record: TrafficRecord, source: string, timing: CallTiming): Observed {
  const { model = "_none", stream, promptTokens, inFlight } = record;
  return { model, stream, source, promptTokens, inFlight, timing };
}

type Counted = {
  add(record: TrafficRecord, found: LeftOut | undefined): void;
  get(): Pick<Sides, "leftOut" | "period">;
};

function createCounted(): Counted {
  const leftOut: { [Class in LeftOut]?: number } = {};
  let [from, to] = [Infinity, 0];
  return {
    add({ time }, found) {
      if (found !== undefined) {
        leftOut[found] = (leftOut[found] ?? 0) + 1;
        return;
      }
      from = Math.min(from, time);
      to = Math.max(to, time);
    },
    get: () => ({ leftOut, ...(from <= to ? { period: { from, to } } : {}) }),
  };
}

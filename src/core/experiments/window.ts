import { isSuccess } from "../clients/failures.ts";
import type { Outcome } from "../types.ts";
import type { GuardrailMetric } from "./definition.ts";

/** Counts of times by bucket: a sparse histogram with buckets 5 % apart, as plain data. */
export type Times = { readonly [bucket: string]: number };

/** What was seen of one experiment's scope in some time, as plain data that adds up. */
export type Seen = {
  /** Calls in scope that ended, and those among them on which the experiment acted, or would have but for its limits. */
  readonly calls: number;
  readonly affected: number;
  readonly limited: number;
  /** Those on which no fault acted, which is what the rest is about where it says so. */
  readonly clean: Side;
  /** All of them, as their clients saw them. */
  readonly all: Side;
  /** How often each kind of fault took effect. */
  readonly faults: { readonly [kind: string]: number };
};

/** Some calls and how they went. */
export type Side = {
  readonly calls: number;
  readonly failed: number;
  readonly stalled: number;
  readonly queueTimeouts: number;
  /** Calls that were a client's further attempts, and those that were a success for it. */
  readonly retries: number;
  readonly succeeded: number;
  readonly ttft: Times;
  readonly gaps: Times;
  readonly total: Times;
};

const noCalls = { calls: 0, failed: 0, stalled: 0, queueTimeouts: 0, retries: 0, succeeded: 0 };
const nothing: Side = { ...noCalls, ttft: {}, gaps: {}, total: {} };

/** Nothing seen. */
export const unseen: Seen = { calls: 0, affected: 0, limited: 0, clean: nothing, all: nothing, faults: {} };

const growth = Math.log(1.05);

/** A time of less than a tenth of a millisecond is no time. */
function bucketOf(ms: number): number {
  return ms < 0.1 ? 0 : 1 + Math.floor(Math.log(ms / 0.1) / growth);
}

/** The middle of a bucket, in milliseconds. */
function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : 0.1 * Math.exp((bucket - 0.5) * growth);
}

/**
 * A quantile of a histogram, within 2.5 %.
 *
 * @param share 0 … 1
 * @returns milliseconds; undefined where there are no times
 */
export function quantileOf(times: Times, share: number): number | undefined {
  const buckets = Object.entries(times)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([a], [b]) => a - b);
  const wanted = buckets.reduce((sum, [, count]) => sum + count, 0) * share;
  let sum = 0;
  for (const [bucket, count] of buckets) {
    sum += count;
    if (sum >= wanted) return middleOf(bucket);
  }
  return undefined;
}

/** What became of an experiment for a call in its scope. */
export type InvolvementResult = "affected" | "not drawn" | "limited";

/** Collects what is seen of one experiment's scope in one event loop. */
export type SeenCollector = {
  add(outcome: Outcome, result: InvolvementResult): void;
  /** What was seen since the last time. */
  take(): Seen;
};

export function createSeenCollector(): SeenCollector {
  let seen = emptySeen();
  return {
    add(outcome, result) {
      seen.calls += 1;
      if (result === "affected") seen.affected += 1;
      if (result === "limited") seen.limited += 1;
      addTo(seen.all, outcome);
      if (outcome.faults.length === 0) addTo(seen.clean, outcome);
      for (const kind of outcome.faults) count(seen.faults, kind);
    },
    take() {
      const taken = seen;
      seen = emptySeen();
      return taken;
    },
  };
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] extends number ? number : Record<string, number> };
type OpenSide = Mutable<Side>;
type OpenSeen = {
  calls: number;
  affected: number;
  limited: number;
  clean: OpenSide;
  all: OpenSide;
  faults: Record<string, number>;
};

function emptySide(): OpenSide {
  return { ...noCalls, ttft: {}, gaps: {}, total: {} };
}

function emptySeen(): OpenSeen {
  return { calls: 0, affected: 0, limited: 0, clean: emptySide(), all: emptySide(), faults: {} };
}

function count(counts: Record<string, number>, key: string | number): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

function addTo(side: OpenSide, outcome: Outcome): void {
  const { ending, cause, actual } = outcome;
  side.calls += 1;
  if (isFailed(outcome)) side.failed += 1;
  if (ending === "stall" || cause === "UPSTREAM_TIMEOUT") side.stalled += 1;
  if (cause === "QUEUE_TIMEOUT") side.queueTimeouts += 1;
  if ((outcome.attempt ?? 1) > 1) side.retries += 1;
  if (isSuccess(outcome)) side.succeeded += 1;
  if (actual.ttftMs !== undefined) count(side.ttft, bucketOf(actual.ttftMs));
  count(side.total, bucketOf(actual.totalMs));
  let beforeMs = actual.atMs[0] ?? 0;
  for (const atMs of actual.atMs.slice(1)) {
    count(side.gaps, bucketOf(atMs - beforeMs));
    beforeMs = atMs;
  }
}

/** A response of 429 or 5xx, or one that broke off or fell silent; not one that its client gave up. */
function isFailed({ status, ending }: Outcome): boolean {
  if (ending === "client-gone") return false;
  return ending !== "finish" || status >= 500 || status === 429 || status === 0;
}

/** How many calls there were in several of them together, without their times. */
export function countsOf(list: readonly Seen[]): Omit<Seen, "clean" | "all"> {
  let [calls, affected, limited] = [0, 0, 0];
  let faults: Times = {};
  for (const each of list) {
    calls += each.calls;
    affected += each.affected;
    limited += each.limited;
    faults = added(faults, each.faults);
  }
  return { calls, affected, limited, faults };
}

/** Several of them together. */
export function sumOf(list: readonly Seen[]): Seen {
  const sum = (sideOf: (seen: Seen) => Side): Side => list.map(sideOf).reduce(sidesTogether, nothing);
  return { ...countsOf(list), clean: sum(({ clean }) => clean), all: sum(({ all }) => all) };
}

function sidesTogether(one: Side, other: Side): Side {
  return {
    calls: one.calls + other.calls,
    failed: one.failed + other.failed,
    stalled: one.stalled + other.stalled,
    queueTimeouts: one.queueTimeouts + other.queueTimeouts,
    retries: one.retries + other.retries,
    succeeded: one.succeeded + other.succeeded,
    ttft: added(one.ttft, other.ttft),
    gaps: added(one.gaps, other.gaps),
    total: added(one.total, other.total),
  };
}

function added(one: Times, other: Times): Times {
  const sum: Record<string, number> = { ...one };
  for (const [key, count] of Object.entries(other)) sum[key] = (sum[key] ?? 0) + count;
  return sum;
}

/** The value of a metric over some calls; undefined where there is none. */
export function metricOf(metric: GuardrailMetric, side: Side): number | undefined {
  const rate = (count: number): number | undefined => (side.calls === 0 ? undefined : (100 * count) / side.calls);
  switch (metric) {
    case "errorRate":
      return rate(side.failed);
    case "stallRate":
      return rate(side.stalled);
    case "queueTimeouts":
      return side.queueTimeouts;
    case "clientSuccessRate":
    case "retryAmplification":
      return clientMetricOf(metric, side);
    case "ttftP50Ms":
      return quantileOf(side.ttft, 0.5);
    case "ttftP95Ms":
      return quantileOf(side.ttft, 0.95);
    case "ttftP99Ms":
      return quantileOf(side.ttft, 0.99);
    case "itlP99Ms":
      return quantileOf(side.gaps, 0.99);
    case "totalP95Ms":
      return quantileOf(side.total, 0.95);
  }
}

/** Whether a metric is about what clients do, which faults and calls without one tell together only. */
export function isOfClients(metric: GuardrailMetric): metric is "clientSuccessRate" | "retryAmplification" {
  return metric === "clientSuccessRate" || metric === "retryAmplification";
}

/** Attempts that belong together are one request; one whose first attempt lies before the time that is looked at counts too. */
function clientMetricOf(metric: "clientSuccessRate" | "retryAmplification", side: Side): number | undefined {
  const requests = Math.max(side.calls - side.retries, side.succeeded);
  if (requests === 0) return undefined;
  return metric === "retryAmplification" ? side.calls / requests : (100 * side.succeeded) / requests;
}

import { isSuccess } from "../clients/failures.ts";
import type { Outcome, Source } from "../types.ts";
import type { GuardrailMetric } from "./definition.ts";
import { addPlaces, countPlace, noModel, noStage, placeOf } from "./places.ts";
import { sourceText } from "./serving.ts";
import { bucketOf, quantileOf, type Times } from "./times.ts";

/** What was seen of one experiment's scope in some time, as plain data that adds up. */
export type Seen = {
  /** Calls in scope that ended, and those among them on which the experiment acted, or would have but for its limits. */
  readonly calls: number;
  readonly affected: number;
  readonly limited: number;
  /** Calls that were drawn, but cannot be served as the experiment says. */
  readonly unservable: number;
  /** Those on which no fault acted, which is what the rest is about where it says so. */
  readonly clean: Side;
  /** All of them, as their clients saw them. */
  readonly all: Side;
  /** How often each kind of fault took effect. */
  readonly faults: { readonly [kind: string]: number };
  /** The same by place, as `placeOf` writes it; beyond `maxPlaces` they count as `otherPlaces`. */
  readonly places: { readonly [place: string]: number };
};

/** Some calls, and how many of them went how. */
type Counts = {
  readonly calls: number;
  readonly failed: number;
  /** Calls that their client gave up. */
  readonly left: number;
  readonly stalled: number;
  readonly queueTimeouts: number;
  /** Calls that were a client's further attempts, and those that were a success for it. */
  readonly retries: number;
  readonly succeeded: number;
  /** Calls that an open breaker kept from the upstream. */
  readonly breakerOpen: number;
};

/** The same with their times. */
export type Side = Counts & {
  readonly ttft: Times;
  readonly gaps: Times;
  readonly total: Times;
};

/** Nothing seen. */
export const unseen: Seen = emptySeen();

/** Where a call falls in an experiment: before its first stage, up to the end of its last stage with a fault, or after that. */
export type Phase = "before" | "during" | "after";

/**
 * What became of an experiment for a call in its scope: it does something to it, or does not because of the draw, because of its
 * limits, or because the call cannot be served as the experiment says.
 */
export type InvolvementResult = "affected" | "not drawn" | "limited" | "unservable";

/** Collects how calls went, without what experiments did to them: no call is affected, and all places are outside of stages. */
export type SeenCollector = {
  add(ended: EndedCall): void;
  /** What was seen since the last time. */
  take(): Seen;
};

export function createSeenCollector(): SeenCollector {
  let seen = emptySeen();
  let bent = emptySide();
  return {
    add(ended) {
      const { outcome, injected } = ended;
      seen.calls += 1;
      addTo(injected.length === 0 ? seen.clean : bent, ended);
      for (const kind of injected) {
        count(seen.faults, kind);
        countPlace(
          seen.places,
          placeOf({ kind, stage: noStage, rule: outcome.rule, model: outcome.model ?? noModel }),
          1,
        );
      }
    },
    take() {
      const taken = seen;
      addSide(taken.all, taken.clean);
      addSide(taken.all, bent);
      seen = emptySeen();
      bent = emptySide();
      return taken;
    },
  };
}

type Open<Value> = {
  -readonly [Key in keyof Value]: Value[Key] extends number
    ? number
    : Value[Key] extends Side
      ? Open<Side>
      : Record<string, number>;
};

function emptySide(): Open<Side> {
  const counts = {
    calls: 0,
    failed: 0,
    left: 0,
    stalled: 0,
    queueTimeouts: 0,
    breakerOpen: 0,
    retries: 0,
    succeeded: 0,
  };
  return { ...counts, ttft: {}, gaps: {}, total: {} };
}

function emptySeen(): Open<Seen> {
  return {
    calls: 0,
    affected: 0,
    limited: 0,
    unservable: 0,
    clean: emptySide(),
    all: emptySide(),
    faults: {},
    places: {},
  };
}

function count(counts: Record<string, number>, key: string | number): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** An ended call, what it counts as, and the buckets of its times, which all experiments share. */
export type EndedCall = {
  readonly outcome: Outcome;
  readonly counts: Counts;
  /** The faults that took effect, and where it was served from where an experiment said so. */
  readonly injected: readonly string[];
  readonly ttft: number | undefined;
  readonly total: number;
  /** Between two tokens. */
  readonly gaps: readonly number[];
};

/**
 * An ended call as experiments see it.
 *
 * @param serve where experiments had it served from
 * @param countsGaps whether the times between its tokens are wanted
 */
export function endedCall(outcome: Outcome, serve?: Source, countsGaps = true): EndedCall {
  const injected = serve === undefined ? outcome.faults : [...outcome.faults, sourceText(serve)];
  const { ttftMs, totalMs, atMs } = outcome.actual;
  return {
    outcome,
    counts: countsOf(outcome),
    injected,
    ttft: ttftMs === undefined ? undefined : bucketOf(ttftMs),
    total: bucketOf(totalMs),
    gaps: countsGaps ? gapsOf(atMs) : noGaps,
  };
}

const noGaps: readonly number[] = [];

function gapsOf(atMs: readonly number[]): number[] {
  return atMs.slice(1).map((each, index) => bucketOf(each - (atMs[index] ?? each)));
}

function addTo(side: Open<Side>, { counts, ttft, total, gaps }: EndedCall): void {
  addCounts(side, counts);
  if (ttft !== undefined) count(side.ttft, ttft);
  count(side.total, total);
  for (const gap of gaps) count(side.gaps, gap);
}

function countsOf(outcome: Outcome): Counts {
  const { ending, cause, standIn, attempt = 1 } = outcome;
  return {
    calls: 1,
    failed: Number(isFailed(outcome)),
    left: Number(ending === "client-gone"),
    stalled: Number(ending === "stall" || cause === "UPSTREAM_TIMEOUT"),
    queueTimeouts: Number(cause === "QUEUE_TIMEOUT"),
    breakerOpen: Number(cause === "BREAKER_OPEN" || (standIn && cause === undefined)),
    retries: Number(attempt > 1),
    succeeded: Number(isSuccess(outcome)),
  };
}

/** A response of 429 or 5xx, or one that broke off or fell silent; not one that its client gave up. */
function isFailed({ status, ending }: Outcome): boolean {
  if (ending === "client-gone") return false;
  return ending !== "finish" || status >= 500 || status === 429 || status === 0;
}

/** Several of them together. */
export function sumOf(list: readonly Seen[]): Seen {
  const sum = emptySeen();
  for (const each of list) {
    sum.calls += each.calls;
    sum.affected += each.affected;
    sum.limited += each.limited;
    sum.unservable += each.unservable;
    addSide(sum.clean, each.clean);
    addSide(sum.all, each.all);
    addTimes(sum.faults, each.faults);
    addPlaces(sum.places, each.places);
  }
  return sum;
}

/** What a metric is made of, of several sides together; the times that it does not ask for are left out. */
export function sumFor(metric: GuardrailMetric, list: readonly Side[]): Side {
  const sum = emptySide();
  const times = timesOf(metric);
  for (const each of list) {
    addCounts(sum, each);
    if (times !== undefined) addTimes(sum[times], each[times]);
  }
  return sum;
}

function addSide(sum: Open<Side>, side: Side): void {
  addCounts(sum, side);
  addTimes(sum.ttft, side.ttft);
  addTimes(sum.gaps, side.gaps);
  addTimes(sum.total, side.total);
}

function addCounts(sum: Open<Side>, side: Counts): void {
  sum.calls += side.calls;
  sum.failed += side.failed;
  sum.left += side.left;
  sum.stalled += side.stalled;
  sum.queueTimeouts += side.queueTimeouts;
  sum.breakerOpen += side.breakerOpen;
  sum.retries += side.retries;
  sum.succeeded += side.succeeded;
}

function addTimes(sum: Record<string, number>, times: Times): void {
  for (const key in times) sum[key] = (sum[key] ?? 0) + (times[key] ?? 0);
}

/** The times that a metric is made of; undefined for one that counts calls. */
export function timesOf(metric: GuardrailMetric): "ttft" | "gaps" | "total" | undefined {
  if (metric.startsWith("ttft")) return "ttft";
  if (metric.startsWith("itl")) return "gaps";
  return metric.startsWith("total") ? "total" : undefined;
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
    case "breakerOpen":
      return rate(side.breakerOpen);
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

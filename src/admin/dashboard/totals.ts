import { addedUp, histogramQuantile, type Histogram } from "../../core/statistics/histogram.ts";
import type { Outcome } from "../../core/types.ts";
import type { Total } from "../resource.ts";
import type { Percentiles, SidesMs, Tick, UpstreamTimes } from "./state.ts";

/** What a node has counted up to a time, as far as it is shown: by the name of a mode, rule or upstream. */
export type Reading = {
  readonly atMs: number;
  readonly modes: Counts;
  readonly rules: Counts;
  readonly upstreams: Counts;
  readonly errors: Counts;
  readonly standIns: Counts;
  readonly injected: number;
  readonly faultsActive: number;
  /** Histograms by their mode. */
  readonly ttft: Histograms;
  readonly itl: Histograms;
  /** Histograms by their upstream. */
  readonly upstreamTtft: Histograms;
  readonly upstreamTotal: Histograms;
};

type Counts = ReadonlyMap<string, number>;
type Histograms = ReadonlyMap<string, Histogram>;

/** Adds up what the event loops have counted, over all labels that are not shown. @param atMs milliseconds since 1970 */
export function readingOf(atMs: number, totals: readonly Total[]): Reading {
  const byMetric = Map.groupBy(totals, ({ metric }) => metric);
  const of = (metric: string): readonly Total[] => byMetric.get(metric) ?? [];
  const requests = of("requests_total");
  return {
    atMs,
    modes: countsBy(requests, 0),
    rules: countsBy(requests, 1),
    upstreams: countsBy(requests, 2),
    errors: countsBy(of("errors_total"), 0),
    standIns: countsBy(of("stand_ins_total"), 0),
    injected: sumOf(of("faults_injected_total")),
    faultsActive: sumOf(of("faults_active")),
    ttft: histogramsOf(of("time_to_first_token_seconds")),
    itl: histogramsOf(of("inter_token_latency_seconds")),
    upstreamTtft: histogramsOf(of("upstream_time_to_first_token_seconds")),
    upstreamTotal: histogramsOf(of("upstream_duration_seconds")),
  };
}

/** @param label the place of the label in the catalog */
function countsBy(totals: readonly Total[], label: number): Counts {
  const counts = new Map<string, number>();
  for (const { labels, values } of totals) {
    const name = labels[label] ?? "";
    counts.set(name, (counts.get(name) ?? 0) + (values[0] ?? 0));
  }
  return counts;
}

function sumOf(totals: readonly Total[]): number {
  return totals.reduce((all, { values: [value = 0] }) => all + value, 0);
}

/** By the first label. */
function histogramsOf(totals: readonly Total[]): Histograms {
  const byLabel = Map.groupBy(totals, ({ labels: [label = ""] }) => label);
  return new Map([...byLabel].map(([label, each]) => [label, addedUp(each.map(histogramOf))]));
}

/** The last of its values is the sum. */
function histogramOf({ values, boundsMs = [] }: Total): Histogram {
  return { bounds: Array.from(boundsMs), counts: values.slice(0, boundsMs.length + 1) };
}

/**
 * What happened since another reading.
 *
 * @param last the reading before, for what is told a second
 * @param base an earlier one, for percentiles, which need more calls than one second has
 */
export function tickOf(now: Reading, last: Reading, base: Reading): Omit<Tick, "inFlight" | "waiting" | "lag"> {
  const seconds = Math.max((now.atMs - last.atMs) / 1000, 0.001);
  const mode = (name: Outcome["mode"]): number => ((now.modes.get(name) ?? 0) - (last.modes.get(name) ?? 0)) / seconds;
  const ours = ({ errors }: Reading): number => errors.get("none") ?? 0;
  const all = ({ errors }: Reading): number => [...errors.values()].reduce((sum, each) => sum + each, 0);
  const oursSince = ours(now) - ours(last);
  return {
    atMs: now.atMs,
    perSecond: {
      real: mode("real"),
      simulated: mode("simulated"),
      replayed: mode("replayed"),
      fault: mode("fault"),
      own: mode("own"),
    },
    errors: {
      real: (all(now) - all(last) - oursSince) / seconds,
      injected: (now.injected - last.injected) / seconds,
      ours: oursSince / seconds,
    },
    ttft: sidesOf(now.ttft, base.ttft),
    itl: sidesOf(now.itl, base.itl),
  };
}

function sidesOf(now: Histograms, base: Histograms): SidesMs {
  const [real, simulated] = [percentilesOf("real", now, base), percentilesOf("simulated", now, base)];
  return { ...(real !== undefined && { real }), ...(simulated !== undefined && { simulated }) };
}

/**
 * How long the responses of an upstream took, since an earlier reading and since the start of the node.
 *
 * @param base the earlier reading
 */
export function upstreamTimes(name: string, now: Reading, base: Reading): UpstreamTimes {
  return {
    recent: {
      ttft: percentilesOf(name, now.upstreamTtft, base.upstreamTtft),
      total: percentilesOf(name, now.upstreamTotal, base.upstreamTotal),
    },
    sinceStart: { ttft: percentilesOf(name, now.upstreamTtft), total: percentilesOf(name, now.upstreamTotal) },
  };
}

/** Of the calls that were counted since `base`, or of all. */
function percentilesOf(name: string, now: Histograms, base?: Histograms): Percentiles | undefined {
  const whole = now.get(name);
  if (whole === undefined) return undefined;
  const before = base?.get(name)?.counts ?? [];
  const grown = { bounds: whole.bounds, counts: whole.counts.map((count, at) => count - (before[at] ?? 0)) };
  const [p50, p95] = [histogramQuantile(grown, 0.5), histogramQuantile(grown, 0.95)];
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95 };
}

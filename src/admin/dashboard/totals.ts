import { addedUp, histogramQuantile } from "../../core/statistics/histogram.ts";
import type { Outcome } from "../../core/types.ts";
import type { Total } from "../resource.ts";
import type { Percentiles, SidesMs, Tick } from "./state.ts";

/** What a node has counted up to a time. */
export type Reading = { readonly atMs: number; readonly totals: readonly Total[] };

const modes: readonly Outcome["mode"][] = ["real", "simulated", "replayed", "fault", "own"];

/**
 * What happened since another reading.
 *
 * @param last the reading before, for what is told a second
 * @param base an earlier one, for percentiles, which need more calls than one second has
 */
export function tickOf(now: Reading, last: Reading, base: Reading): Omit<Tick, "inFlight" | "waiting" | "lag"> {
  const seconds = Math.max((now.atMs - last.atMs) / 1000, 0.001);
  const grown = grownSince(now, last);
  const perSecond = (metric: string, wanted: (labels: readonly string[]) => boolean): number =>
    sum(grown.filter((each) => each.metric === metric && wanted(each.labels))) / seconds;
  const [real = 0, simulated = 0, replayed = 0, fault = 0, own = 0] = modes.map((mode) =>
    perSecond("requests_total", ([of]) => of === mode),
  );
  const all = (): boolean => true;
  const window = grownSince(now, base);
  return {
    atMs: now.atMs,
    perSecond: { real, simulated, replayed, fault, own },
    errors: {
      real: perSecond("errors_total", ([upstream]) => upstream !== "none"),
      injected: perSecond("faults_injected_total", all),
      ours: perSecond("errors_total", ([upstream]) => upstream === "none"),
    },
    ttft: sidesOf(window, "time_to_first_token_seconds"),
    itl: sidesOf(window, "inter_token_latency_seconds"),
  };
}

function grownSince(now: Reading, then: Reading): Total[] {
  const before = new Map(then.totals.map((total) => [keyOf(total), total]));
  return now.totals.map((total) => {
    const old = before.get(keyOf(total));
    return old === undefined
      ? total
      : { ...total, values: total.values.map((value, at) => value - (old.values[at] ?? 0)) };
  });
}

function keyOf({ metric, labels }: Total): string {
  return [metric, ...labels].join("\n");
}

/** The values of counters, added up. */
export function sum(totals: readonly Total[]): number {
  return totals.reduce((all, { values: [value = 0] }) => all + value, 0);
}

function sidesOf(window: readonly Total[], metric: string): SidesMs {
  const side = (mode: Outcome["mode"]): Percentiles | undefined =>
    percentilesOf(window.filter((total) => total.metric === metric && total.labels[0] === mode));
  const [real, simulated] = [side("real"), side("simulated")];
  return { ...(real !== undefined && { real }), ...(simulated !== undefined && { simulated }) };
}

/** Of histograms with the same buckets. */
function percentilesOf(histograms: readonly Total[]): Percentiles | undefined {
  const bounds = histograms[0]?.boundsMs;
  if (bounds === undefined) return undefined;
  const counted = addedUp(
    histograms.map(({ values }) => ({ bounds: Array.from(bounds), counts: values.slice(0, bounds.length + 1) })),
  );
  const p50 = histogramQuantile(counted, 0.5);
  const p95 = histogramQuantile(counted, 0.95);
  return p50 === undefined || p95 === undefined ? undefined : { p50, p95 };
}

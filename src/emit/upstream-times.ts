import type { Outcome } from "../core/types.ts";
import { recorded, type RecordedName } from "./catalog.ts";
import { Buckets } from "./histogram.ts";

/** Counts how long the responses of each upstream took. */
export type UpstreamTimes = {
  /** A response that did not come from an upstream changes nothing. */
  observe(outcome: Outcome): void;
};

/** Where the times of one upstream are. */
type Places = { readonly durationAt: number; readonly firstTokenAt: number };

const duration = new Buckets(recorded.upstream_duration_seconds.bucketsMs);
const firstToken = new Buckets(recorded.upstream_time_to_first_token_seconds.bucketsMs);

/** @param place finds where the values of a label set begin */
export function createUpstreamTimes(
  values: Float64Array,
  place: (metric: RecordedName, ...labels: readonly string[]) => number,
): UpstreamTimes {
  const known = new Map<string, Places>();
  const placesOf = (upstream: string): Places => ({
    durationAt: place("upstream_duration_seconds", upstream),
    firstTokenAt: place("upstream_time_to_first_token_seconds", upstream),
  });
  return {
    observe({ mode, upstream, stream, actual }) {
      if (mode !== "real" || upstream === undefined) return;
      let at = known.get(upstream);
      if (at === undefined) known.set(upstream, (at = placesOf(upstream)));
      duration.observe(values, at.durationAt, actual.totalMs);
      if (stream && actual.ttftMs !== undefined) firstToken.observe(values, at.firstTokenAt, actual.ttftMs);
    },
  };
}

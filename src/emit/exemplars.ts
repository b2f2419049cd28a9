import type { Outcome } from "../core/types.ts";
import { noneLabel, otherLabel, recorded } from "./catalog.ts";
import type { Exemplar } from "../core/records/exemplar.ts";

/** The latest call in each bucket of the histograms of request duration and of time to first token. */
export type Exemplars = {
  add(outcome: Outcome): void;
  list(): readonly Exemplar[];
  /** Replaces the models that are label values. */
  setModels(models: readonly string[]): void;
};

/** Buckets that are remembered; the one that was met first makes room for a new one. */
const maxBuckets = 4096;

/**
 * Remembers exemplars in one event loop.
 *
 * @param models those that are label values; all others are `_other`
 */
export function createExemplars(models: readonly string[]): Exemplars {
  let allowed = new Set(models);
  const kept = new Map<string, Exemplar>();
  const keep = (exemplar: Exemplar): void => {
    const { metric, le, labels } = exemplar;
    const key = `${metric} ${le} ${labels.map(([, value]) => value).join(" ")}`;
    const oldest = kept.size < maxBuckets || kept.has(key) ? undefined : kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
    kept.set(key, exemplar);
  };
  return {
    add(outcome) {
      const { id: requestId, traceId, startedAtMs, model, mode, stream, actual, queueMs } = outcome;
      const known = model === undefined ? noneLabel : allowed.has(model) ? model : otherLabel;
      const of = { requestId, traceId, atMs: startedAtMs + queueMs + actual.totalMs };
      const labels = [["mode", mode] as const, ["model", known] as const];
      keep({
        metric: "request_duration_seconds",
        labels: [...labels, ["stream", String(stream)]],
        ...bucketOf(recorded.request_duration_seconds.bucketsMs, actual.totalMs),
        ...of,
      });
      if (!stream || actual.ttftMs === undefined) return;
      const first = bucketOf(recorded.time_to_first_token_seconds.bucketsMs, actual.ttftMs);
      keep({ metric: "time_to_first_token_seconds", labels, ...first, ...of });
    },
    list: () => [...kept.values()],
    setModels: (next) => void (allowed = new Set(next)),
  };
}

function bucketOf(boundsMs: Float64Array, ms: number): Pick<Exemplar, "le" | "seconds"> {
  const boundMs = boundsMs.find((bound) => bound >= ms);
  return { le: boundMs === undefined ? "+Inf" : String(boundMs / 1000), seconds: ms / 1000 };
}

import { z } from "zod";
import { countNames } from "../clients/counts.ts";
import { experimentSchema, guardrailMetric } from "./definition.ts";
import { isPlace } from "./places.ts";
import { isActive, runStates, type Run } from "./run.ts";

const count = z.int().min(0);
const counts = z.record(z.string(), count);
/** Buckets of a histogram, and guardrails, by their index. */
const index = z.string().regex(/^\d{1,4}$/);
const times = z.record(index, count);
/** The last time that there is a date for, in milliseconds since 1970. */
const maxTimeMs = 8_640_000_000_000_000;
const timeMs = z.number().min(0).max(maxTimeMs);

const side = z.object({
  calls: count,
  failed: count,
  left: count,
  stalled: count,
  queueTimeouts: count,
  retries: count,
  succeeded: count,
  breakerOpen: count,
  ttft: times,
  gaps: times,
  total: times,
});

const seen = z.object({
  calls: count,
  affected: count,
  limited: count,
  unservable: count,
  clean: side,
  all: side,
  faults: counts,
  places: z.record(z.string().refine(isPlace), count),
});

const mean = z.object({ sumMs: z.number(), count });

const point = z.object({
  second: count,
  seconds: count,
  calls: count,
  affected: count,
  injected: count,
  failed: count,
  left: count,
  realFailed: count,
  ttft: mean,
  realTtft: mean,
  guardrails: z.record(index, z.number()),
});

const clientName = z.object({ by: z.enum(["key", "user-agent"]), name: z.string() });
const clientCounts = z.record(z.enum(countNames), z.number().min(0));

/** A guardrail that was broken, as JSON. */
export const brokenSchema = z.object({
  metric: guardrailMetric,
  above: z.exactOptional(z.number()),
  below: z.exactOptional(z.number()),
  value: z.number(),
});

const fields = z.object({
  id: z.string().min(1),
  definition: experimentSchema,
  by: z.string(),
  createdAtMs: timeMs,
  state: z.enum(runStates),
  startsAtMs: timeMs.optional(),
  endedAtMs: timeMs.optional(),
  stoppedBy: z.exactOptional(z.string()),
  broken: z.exactOptional(brokenSchema),
  seen: z.object({ before: z.exactOptional(seen), during: z.exactOptional(seen), after: z.exactOptional(seen) }),
  timeline: z.array(point),
  clients: z.exactOptional(z.array(z.object({ client: clientName.optional(), counts: clientCounts }))),
});

const kept = fields.refine(
  ({ startsAtMs = 0, definition }) => startsAtMs + definition.durationMs <= maxTimeMs,
  "ends later than there is a date for",
);

/**
 * Reads a run that was kept as JSON by a node that has ended since: what was under way then is expired.
 *
 * @returns undefined for what is no run, or one without all the counts that sums need
 */
export function readKeptRun(value: unknown): Run | undefined {
  const { data } = kept.safeParse(value);
  if (data === undefined) return undefined;
  const { startsAtMs, endedAtMs, ...others } = data;
  const run = { ...others, startsAtMs, endedAtMs, recent: [] };
  return isActive(run) ? { ...run, state: "expired" } : run;
}

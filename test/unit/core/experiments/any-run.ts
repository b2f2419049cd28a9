import { experimentSchema } from "../../../../src/core/experiments/definition.ts";
import { placeOf } from "../../../../src/core/experiments/places.ts";
import { nothingSeen, withSecond, type Run } from "../../../../src/core/experiments/run.ts";
import { unseen } from "../../../../src/core/experiments/window.ts";

/** An experiment as it is written. */
export const outage = {
  name: "outage",
  percentage: 100,
  durationMs: 60_000,
  faults: [{ kind: "status", status: 503 }],
};

/** A run of `outage` in which calls were seen. */
export function anyRun(changes: Partial<Run> = {}): Run {
  const run: Run = {
    id: "0123456789abcdef",
    definition: experimentSchema.parse({ ...outage, guardrails: [{ metric: "errorRate", above: 5, minCalls: 1 }] }),
    by: "ann",
    createdAtMs: 1_000_000,
    state: "completed",
    startsAtMs: 1_000_000,
    endedAtMs: 1_060_000,
    ...nothingSeen,
    ...changes,
  };
  const place = placeOf({ kind: "status", stage: "outage", rule: "default", model: "gpt-4o" });
  const clean = { ...unseen.clean, calls: 3, succeeded: 3, ttft: { 40: 2, 41: 1 }, total: { 50: 3 } };
  const all = { ...clean, calls: 5, failed: 2 };
  const during = { ...unseen, calls: 5, affected: 2, clean, all, faults: { status: 2 }, places: { [place]: 2 } };
  return { ...withSecond(run, 3, { during }), recent: [] };
}

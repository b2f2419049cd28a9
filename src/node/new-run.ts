import { randomBytes } from "node:crypto";
import type { ExperimentDefinition } from "../core/experiments/definition.ts";
import { nothingSeen, type Run } from "../core/experiments/run.ts";

/** A run of an experiment that begins, in its baseline where it has one. @param by who starts it @param nowMs milliseconds since 1970 */
export function newRun(definition: ExperimentDefinition, by: string, nowMs: number): Run {
  const hasBaseline = definition.baselineMs > 0;
  return {
    id: randomBytes(8).toString("hex"),
    definition,
    by,
    createdAtMs: nowMs,
    state: hasBaseline ? "baseline" : "running",
    startsAtMs: hasBaseline ? undefined : nowMs,
    endedAtMs: undefined,
    ...nothingSeen,
  };
}

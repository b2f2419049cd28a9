import { experimentSchema, type ExperimentDefinition } from "../../../../src/core/experiments/definition.ts";
import type { RunningExperiment } from "../../../../src/core/experiments/layer.ts";

/** An experiment that makes every call in scope fail with 503 for a minute, but for what is named. */
export function definitionOf(changes: object = {}): ExperimentDefinition {
  const faults = "stages" in changes ? {} : { faults: [{ kind: "status", status: 503 }] };
  return experimentSchema.parse({ name: "outage", percentage: 100, durationMs: 60_000, ...faults, ...changes });
}

/** The same as an event loop gets it, begun at 0. */
export function runningOf(changes: object = {}, own: Partial<RunningExperiment> = {}): RunningExperiment {
  const definition = definitionOf(changes);
  return { id: "e1", slot: 0, startsAtMs: 0, endsAtMs: definition.durationMs, definition, ...own };
}

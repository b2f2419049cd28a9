import { experimentSchema, type ExperimentDefinition } from "../../../../src/core/experiments/definition.ts";
import {
  compileExperiment,
  type ExperimentCounts,
  type RunningExperiment,
} from "../../../../src/core/experiments/layer.ts";
import { createScopes, type Scopes } from "../../../../src/core/experiments/scopes.ts";
import type { Servable } from "../../../../src/core/experiments/serving.ts";
import type { Decision } from "../../../../src/core/types.ts";

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

export const unlimited: ExperimentCounts = { take: () => true, release: () => undefined };

/** A call that rules simulate, with a fault. */
export const decision: Decision = {
  rule: "all",
  serve: { from: "simulator", profile: undefined },
  mirror: undefined,
  faults: [{ kind: "delay", ms: 5 }],
  overrides: {},
};

/** All there is to serve a call from. */
export const servable: Servable = {
  canSimulate: true,
  upstreams: new Map([["openai", {}]]),
  profiles: [{ name: "slow" }],
};

/** What experiments find around a call. */
export const around = { nowMs: 0, counts: unlimited, decision, servable };

/** The scopes of experiments. */
export function scopesOf(...experiments: readonly RunningExperiment[]): Scopes {
  return createScopes(experiments.map(compileExperiment));
}

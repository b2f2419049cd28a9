import { explainConditions, isMet, type ConditionTrace } from "../decide.ts";
import { drawFaults } from "../fault-draws.ts";
import { prepareFault } from "../faults/index.ts";
import { compileMatch } from "../match.ts";
import { drawOf, keyHash } from "../rng.ts";
import type { Call } from "../types.ts";
import type { ExperimentDefinition } from "./definition.ts";
import { compileExperiment, type CompiledStage } from "./layer.ts";

/** What an experiment would do to a call, stage by stage, and why. */
export type ExperimentTrace = {
  readonly experiment: string;
  readonly inScope: boolean;
  readonly conditions: readonly ConditionTrace[];
  /** The number drawn, 0 ≤ x < 1, which all stages compare with their share. */
  readonly draw: number;
  readonly stages: readonly StageTrace[];
};

export type StageTrace = {
  readonly stage: string;
  /** Of the calls in scope, once the percentage has risen. */
  readonly percentage: number;
  /** Whether this call is among them. */
  readonly isDrawn: boolean;
  readonly serve: string | undefined;
  readonly faults: readonly FaultTrace[];
};

export type FaultTrace = {
  readonly kind: string;
  /** Effective, of the calls in scope. */
  readonly percentage: number;
  /** Whether it acts on this call. */
  readonly acts: boolean;
  /** Whether it responds by itself: of several that do, only the first is heard. */
  readonly responds: boolean;
};

/** What an experiment would do to a call if it ran alone, without its limits. */
export function explainExperiment(definition: ExperimentDefinition, call: Call): ExperimentTrace {
  const { name, seed } = definition;
  const compiled = compileExperiment({ id: name, slot: 0, startsAtMs: 0, endsAtMs: definition.durationMs, definition });
  const asked = compileMatch(definition.match, `experiment ${name}`, true);
  const { passing, conditions } = explainConditions(asked, {
    call,
    seed,
    isMet: (condition) => isMet(condition, call, seed),
  });
  const draw = drawOf(compiled.drawStart, keyHash(call.id));
  const isDrawn = passing && draw < definition.percentage / 100;
  const stages = compiled.stages.map((stage) => stageTrace(stage, { definition, call, isDrawn }));
  return { experiment: name, inScope: passing, conditions, draw, stages };
}

type Drawn = { readonly definition: ExperimentDefinition; readonly call: Call; readonly isDrawn: boolean };

function stageTrace(stage: CompiledStage, { definition, call, isDrawn }: Drawn): StageTrace {
  const { percentage, seed } = definition;
  const { serve, upstream, profile } = stage;
  const served = [serve, upstream ?? profile].filter((each) => each !== undefined).join(" ");
  const draws = stage.draws === undefined ? undefined : drawFaults(stage.draws, call, seed).faultDraws?.values();
  const faults = stage.faults.map((fault): FaultTrace => {
    const { kind, percentage: own = 100 } = fault;
    const acts = fault.percentage === undefined || draws?.next().value?.acts === true;
    const responds = prepareFault(fault).respond !== undefined;
    return { kind, percentage: (percentage * own) / 100, acts: isDrawn && acts, responds };
  });
  return { stage: stage.name, percentage, isDrawn, serve: served === "" ? undefined : served, faults };
}

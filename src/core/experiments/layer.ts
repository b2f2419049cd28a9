import { compileFaultDraws, type FaultDraws } from "../fault-draws.ts";
import { drawStart } from "../rng.ts";
import type { Decision, FaultConfig, Source } from "../types.ts";
import { isActing, stagesOf, type ExperimentDefinition, type StageDefinition } from "./definition.ts";
import { servedFrom } from "./serving.ts";
import type { InvolvementResult, Phase } from "./window.ts";

/** An experiment that an event loop carries out, as plain data. */
export type RunningExperiment = {
  readonly id: string;
  /** Its place in the shared counts. */
  readonly slot: number;
  /** Wall clock at which its first stage begins, milliseconds since 1970; before that its scope is only watched. */
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly definition: ExperimentDefinition;
};

/** The same, ready to be asked. */
export type CompiledExperiment = RunningExperiment & {
  readonly stages: readonly CompiledStage[];
  /** Its draws start from here. */
  readonly drawStart: number;
  /** End of the last stage that does anything, from the start of the experiment, in milliseconds. */
  readonly faultsEndMs: number;
};

/** One stage of it. */
export type CompiledStage = Pick<StageDefinition, "name" | "serve" | "upstream" | "profile"> & {
  readonly isActing: boolean;
  /** From the start of the experiment, in milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly rampMs: number;
  readonly faults: readonly FaultConfig[];
  readonly draws: FaultDraws | undefined;
};

/** Counts the calls that experiments affect, over all event loops of a node. */
export type ExperimentCounts = {
  /** Counts one more. @returns false where a limit of the experiment is reached, and nothing is counted but that */
  take(slot: number, limits: ExperimentDefinition["limits"]): boolean;
  /** An affected call has ended. */
  release(slot: number): void;
};

/** What became of one experiment for one call that is in its scope. */
export type Involvement = {
  readonly experiment: CompiledExperiment;
  readonly phase: Phase;
  /** The running stage; undefined in the baseline and after the last. */
  readonly stage: CompiledStage | undefined;
  readonly result: InvolvementResult;
  /** Its faults that act on this call. */
  readonly faults: readonly FaultConfig[];
  /** Where it serves this call from; undefined where that is left as it is. */
  readonly serve: Source | undefined;
};

/** What all calls have in common that are in the same scopes while no stage of these experiments begins or ends. */
export type Cohort = {
  /** A bit for each slot whose experiment has them in its scope. */
  readonly slots: number;
  /** Those experiments in the order of their start, as they are involved in a call that none of them draws. */
  readonly members: readonly Involvement[];
  /** Whether one of them asks for the time between two tokens. */
  readonly countsGaps: boolean;
};

/** The experiments that have a call in their scope, and what each of them does to it. */
export type Involvements = {
  readonly cohort: Cohort;
  /** One for each member of the cohort, in its order. */
  readonly list: readonly Involvement[];
};

const none: readonly never[] = [];

/** Of a call that is in no scope. */
export const noInvolvements: Involvements = { cohort: { slots: 0, members: none, countsGaps: false }, list: none };

/** Compiles an experiment. */
export function compileExperiment(running: RunningExperiment): CompiledExperiment {
  const { definition } = running;
  let fromMs = 0;
  const stages = stagesOf(definition).map((stage) => {
    const compiled = compileStage(definition.name, stage, fromMs);
    fromMs = compiled.toMs;
    return compiled;
  });
  const faultsEndMs = stages.findLast((stage) => stage.isActing)?.toMs ?? 0;
  return { ...running, stages, drawStart: drawStart(definition.seed, `experiment ${definition.name}`), faultsEndMs };
}

/** Draws are keyed by the name of the experiment, not by its id, which is another one after a restart. */
function compileStage(of: string, stage: StageDefinition, fromMs: number): CompiledStage {
  const { name, durationMs, rampMs, faults, serve, upstream, profile } = stage;
  const draws = compileFaultDraws(`experiment ${of} ${name}`, faults, ({ id: key }) => key);
  const serving = { serve, upstream, profile, isActing: isActing(stage) };
  return { name, fromMs, toMs: fromMs + durationMs, rampMs, faults, draws, ...serving };
}

/** The decision with the faults that experiments add behind those of its rule, and the source that the first of them names. */
export function withExperiments(decision: Decision, { cohort, list }: Involvements): Decision {
  // Nothing is made for the many calls that no experiment draws.
  if (list === cohort.members) return decision;
  const added = list.flatMap(({ faults }) => faults);
  const serve = servingIn(list);
  const served = serve === undefined ? decision : servedFrom(decision, serve);
  return added.length === 0 ? served : { ...served, faults: [...decision.faults, ...added] };
}

/** The names of those that affect a call. */
export function affectingOf({ cohort, list }: Involvements): readonly string[] {
  if (list === cohort.members) return none;
  return list.flatMap(({ result, experiment }) => (result === "affected" ? [experiment.definition.name] : []));
}

/** Where experiments serve a call from; undefined where that is left to its rule. */
export function servingIn(list: readonly Involvement[]): Source | undefined {
  for (const { serve } of list) if (serve !== undefined) return serve;
  return undefined;
}

import { isMet } from "../decide.ts";
import { compileFaultDraws, drawFaults, type FaultDraws } from "../fault-draws.ts";
import { compileMatch, type Condition } from "../match.ts";
import { drawsOf } from "../rng.ts";
import type { Call, Decision, FaultConfig, Source } from "../types.ts";
import type { Phase } from "./phases.ts";
import { isActing, stagesOf, type ExperimentDefinition, type StageDefinition } from "./definition.ts";
import { servedFrom, servingOf, type Servable } from "./serving.ts";
import type { InvolvementResult } from "./window.ts";

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
  readonly conditions: readonly Condition[];
  readonly stages: readonly CompiledStage[];
  /** The draw of a request, by its id: 0 ≤ x < 1. */
  readonly draw: (id: string) => number;
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
  readonly stage: string | undefined;
  /** The number drawn, 0 ≤ x < 1, and the share that it is compared with. */
  readonly draw: number;
  readonly share: number;
  readonly result: InvolvementResult;
  /** Its faults that act on this call. */
  readonly faults: readonly FaultConfig[];
  /** Where it serves this call from; undefined where that is left as it is. */
  readonly serve: Source | undefined;
};

/**
 * Compiles an experiment.
 *
 * @throws CONFIG_INVALID for conditions that no check has seen
 */
export function compileExperiment(running: RunningExperiment): CompiledExperiment {
  const { id, definition } = running;
  let fromMs = 0;
  const stages = stagesOf(definition).map((stage) => {
    const compiled = compileStage(definition.name, stage, fromMs);
    fromMs = compiled.toMs;
    return compiled;
  });
  const faultsEndMs = stages.findLast((stage) => stage.isActing)?.toMs ?? 0;
  const conditions = compileMatch(definition.match, `experiment ${id}`, true);
  const draw = drawsOf(definition.seed, `experiment ${definition.name}`);
  return { ...running, conditions, stages, draw, faultsEndMs };
}

/** Draws are keyed by the name of the experiment, not by its id, which is another one after a restart. */
function compileStage(of: string, stage: StageDefinition, fromMs: number): CompiledStage {
  const { name, durationMs, rampMs, faults, serve, upstream, profile } = stage;
  const draws = compileFaultDraws(`experiment ${of} ${name}`, faults, ({ id: key }) => key);
  const serving = { serve, upstream, profile, isActing: isActing(stage) };
  return { name, fromMs, toMs: fromMs + durationMs, rampMs, faults, draws, ...serving };
}

/**
 * The experiments in whose scope a call is, in the order of their start; each draws for itself.
 *
 * @param nowMs wall clock, milliseconds since 1970
 * @param counts asked last, for a call that is drawn
 * @param decision what the rules decided
 */
export function involvements(
  call: Call,
  experiments: readonly CompiledExperiment[],
  surroundings: Surroundings,
): Involvement[] {
  const found: Involvement[] = [];
  const among = { ...surroundings, earlier: found };
  for (const experiment of experiments) {
    if (surroundings.nowMs >= experiment.endsAtMs || !inScope(call, experiment)) continue;
    found.push(involvementIn(experiment, call, among));
  }
  return found;
}

type Surroundings = {
  readonly nowMs: number;
  readonly counts: ExperimentCounts;
  readonly decision: Decision;
  readonly servable: Servable;
};

/** What experiments that began before have done to the same call. */
type Among = Surroundings & { readonly earlier: readonly Involvement[] };

function involvementIn(experiment: CompiledExperiment, call: Call, among: Among): Involvement {
  const atMs = among.nowMs - experiment.startsAtMs;
  const stage = stageAt(experiment, atMs);
  const draw = experiment.draw(call.id);
  const share = stage === undefined ? 0 : shareAt(experiment.definition.percentage, stage, atMs);
  const phase = phaseAt(experiment, atMs);
  const isDrawn = stage !== undefined && draw < share;
  const { result, faults, serve } = isDrawn ? effectOf({ experiment, stage }, call, among) : notDrawn;
  return { experiment, phase, stage: stage?.name, draw, share, result, faults, serve };
}

type Effect = Pick<Involvement, "result" | "faults" | "serve">;

/** What an experiment does to a call that it has drawn. */
function effectOf({ experiment, stage }: Acting, call: Call, among: Among): Effect {
  const { slot, definition } = experiment;
  const faults = stage.draws === undefined ? stage.faults : drawFaults(stage.draws, call, definition.seed).faults;
  let serve = servingOf(stage, call, among);
  if (serve === "unservable") return unservable;
  if (serve !== undefined && among.earlier.some((each) => each.serve !== undefined)) {
    serve = undefined;
    if (faults.length === 0) return unservable;
  }
  if (faults.length === 0 && serve === undefined) return notDrawn;
  if (!among.counts.take(slot, definition.limits)) return limited;
  return { result: "affected", faults, serve };
}

type Acting = { readonly experiment: CompiledExperiment; readonly stage: CompiledStage };

const none: readonly FaultConfig[] = [];
const notDrawn: Effect = { result: "not drawn", faults: none, serve: undefined };
const unservable: Effect = { result: "unservable", faults: none, serve: undefined };
const limited: Effect = { result: "limited", faults: none, serve: undefined };

function phaseAt({ faultsEndMs }: CompiledExperiment, atMs: number): Phase {
  if (atMs < 0) return "before";
  return atMs < faultsEndMs ? "during" : "after";
}

function stageAt({ stages }: CompiledExperiment, atMs: number): CompiledStage | undefined {
  for (const stage of stages) if (atMs >= stage.fromMs && atMs < stage.toMs) return stage;
  return undefined;
}

function shareAt(percentage: number, { fromMs, rampMs }: CompiledStage, atMs: number): number {
  const risen = rampMs === 0 ? 1 : Math.min(1, (atMs - fromMs) / rampMs);
  return (percentage / 100) * risen;
}

/**
 * Whether a call is in the scope of an experiment. A body that cannot be understood is in no scope that asks for it: whether it
 * is refused is not for an experiment to say.
 */
export function inScope(call: Call, { conditions, definition }: CompiledExperiment): boolean {
  for (const condition of conditions) if (!isMet(condition, call, definition.seed)) return false;
  return true;
}

/** The decision with the faults that experiments add behind those of its rule, and the source that the first of them names. */
export function withExperiments(decision: Decision, involved: readonly Involvement[]): Decision {
  if (!isAffected(involved)) return decision;
  const added = involved.flatMap(({ faults }) => faults);
  const serve = servingIn(involved);
  const served = serve === undefined ? decision : servedFrom(decision, serve);
  return added.length === 0 ? served : { ...served, faults: [...decision.faults, ...added] };
}

/** Few calls are: nothing is made for all others. */
function isAffected(involved: readonly Involvement[]): boolean {
  for (const { result } of involved) if (result === "affected") return true;
  return false;
}

/** The names of those that affect a call. */
export function affectingOf(involved: readonly Involvement[]): readonly string[] {
  if (involved.length === 0) return noNames;
  return involved.flatMap(({ result, experiment }) => (result === "affected" ? [experiment.definition.name] : []));
}

const noNames: readonly never[] = [];

/** Where experiments serve a call from; undefined where that is left to its rule. */
export function servingIn(involved: readonly Involvement[]): Source | undefined {
  for (const { serve } of involved) if (serve !== undefined) return serve;
  return undefined;
}

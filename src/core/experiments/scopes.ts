import { isMet } from "../decide.ts";
import { drawFaults } from "../fault-draws.ts";
import { compileMatch, isSameForAll, type Condition } from "../match.ts";
import { drawOf, keyHash } from "../rng.ts";
import type { Call, Decision, FaultConfig } from "../types.ts";
import { timesOf, type Phase } from "./window.ts";
import {
  noInvolvements,
  type Cohort,
  type CompiledExperiment,
  type CompiledStage,
  type ExperimentCounts,
  type Involvement,
  type Involvements,
} from "./layer.ts";
import { servingOf, type Servable } from "./serving.ts";

/** The experiments that run, ready to be asked for each call. */
export type Scopes = {
  /** What they do to a call; each draws for itself. */
  involve(call: Call, surroundings: Surroundings): Involvements;
  /** Asks all of their conditions, whether they have begun or ended or not. @returns a bit for each that has the call in its scope */
  bitsOf(call: Call): number;
};

type Surroundings = {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** Asked last, for a call that is drawn. */
  readonly counts: ExperimentCounts;
  /** What the rules decided. */
  readonly decision: Decision;
  readonly servable: Servable;
};

/** What several experiments ask of a call, each of which has a bit. */
type Scope = { readonly conditions: readonly Condition[]; readonly seed: number; bits: number };

/** A time in which no stage begins or ends, so that calls in the same scopes have all in common but their draws. */
type Period = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly scopes: readonly Scope[];
  /** By the bits of their scopes. */
  readonly cohorts: Map<number, Drawing>;
};

/** A cohort, and what its calls get that no experiment draws. */
type Drawing = { readonly cohort: Cohort; readonly untouched: Involvements };

/**
 * Compiles the scopes of experiments: those with the same conditions are asked once.
 *
 * @param experiments at most 32, in the order of their start
 * @throws CONFIG_INVALID for conditions that no check has seen
 */
export function createScopes(experiments: readonly CompiledExperiment[]): Scopes {
  const scopes = scopesOf(experiments);
  let period: Period | undefined;
  return {
    involve(call, surroundings) {
      const { nowMs } = surroundings;
      if (period === undefined || nowMs < period.fromMs || nowMs >= period.toMs)
        period = periodAt(nowMs, experiments, scopes);
      const bits = bitsOf(call, period.scopes);
      if (bits === 0) return noInvolvements;
      let drawing = period.cohorts.get(bits);
      if (drawing === undefined) period.cohorts.set(bits, (drawing = drawingOf(bits, experiments, nowMs)));
      return drawn(drawing, call, surroundings);
    },
    bitsOf: (call) => bitsOf(call, scopes),
  };
}

function scopesOf(experiments: readonly CompiledExperiment[]): Scope[] {
  const scopes = new Map<string, Scope>();
  for (const [index, { id, definition }] of experiments.entries()) {
    const { match, seed } = definition;
    const key = JSON.stringify([match, isSameForAll(match) ? "" : id]);
    const known = scopes.get(key);
    if (known !== undefined) known.bits |= 1 << index;
    else scopes.set(key, { conditions: compileMatch(match, `experiment ${id}`, true), seed, bits: 1 << index });
  }
  return [...scopes.values()];
}

function periodAt(nowMs: number, experiments: readonly CompiledExperiment[], scopes: readonly Scope[]): Period {
  const edges = experiments.flatMap(({ startsAtMs, endsAtMs, stages }) => [
    startsAtMs,
    endsAtMs,
    ...stages.map(({ toMs }) => startsAtMs + toMs),
  ]);
  const running = experiments.reduce((bits, { endsAtMs }, index) => bits | (nowMs < endsAtMs ? 1 << index : 0), 0);
  return {
    fromMs: Math.max(...edges.filter((each) => each <= nowMs)),
    toMs: Math.min(...edges.filter((each) => each > nowMs)),
    scopes: scopes.flatMap((scope) => ((scope.bits & running) === 0 ? [] : { ...scope, bits: scope.bits & running })),
    cohorts: new Map(),
  };
}

/**
 * The scopes that a call is in. A body that cannot be understood is in no scope that asks for it: whether it is refused is not for
 * an experiment to say.
 */
function bitsOf(call: Call, scopes: readonly Scope[]): number {
  let found = 0;
  for (const { conditions, seed, bits } of scopes) if (areMet(conditions, call, seed)) found |= bits;
  return found;
}

function areMet(conditions: readonly Condition[], call: Call, seed: number): boolean {
  for (const condition of conditions) if (!isMet(condition, call, seed)) return false;
  return true;
}

function drawingOf(bits: number, experiments: readonly CompiledExperiment[], nowMs: number): Drawing {
  const found = experiments.filter((_, index) => ((bits >>> index) & 1) === 1);
  const members = found.map((experiment): Involvement => {
    const atMs = nowMs - experiment.startsAtMs;
    return { experiment, phase: phaseAt(experiment, atMs), stage: stageAt(experiment, atMs), ...notDrawn };
  });
  const slots = found.reduce((sum, { slot }) => sum | (1 << slot), 0);
  const cohort = { slots, members, countsGaps: found.some(asksForGaps) };
  return { cohort, untouched: { cohort, list: members } };
}

function asksForGaps({ definition: { guardrails, expect } }: CompiledExperiment): boolean {
  return [...guardrails, ...expect].some(({ metric }) => timesOf(metric) === "gaps");
}

function phaseAt({ faultsEndMs }: CompiledExperiment, atMs: number): Phase {
  if (atMs < 0) return "before";
  return atMs < faultsEndMs ? "during" : "after";
}

function stageAt({ stages }: CompiledExperiment, atMs: number): CompiledStage | undefined {
  return stages.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs);
}

/** Nearly all calls are drawn by none: for them nothing is made. */
function drawn({ cohort, untouched }: Drawing, call: Call, surroundings: Surroundings): Involvements {
  const hashed = keyHash(call.id);
  for (const member of cohort.members)
    if (isDrawn(member, hashed, surroundings.nowMs)) return effects(cohort, call, surroundings);
  return untouched;
}

function isDrawn({ experiment, stage }: Involvement, hashed: number, nowMs: number): boolean {
  if (stage === undefined) return false;
  const share = shareAt(experiment, stage, nowMs);
  return drawOf(experiment.drawStart, hashed) < share;
}

function shareAt(
  { definition, startsAtMs }: CompiledExperiment,
  { fromMs, rampMs }: CompiledStage,
  nowMs: number,
): number {
  const share = definition.percentage / 100;
  return rampMs === 0 ? share : share * Math.min(1, (nowMs - startsAtMs - fromMs) / rampMs);
}

function effects(cohort: Cohort, call: Call, surroundings: Surroundings): Involvements {
  const hashed = keyHash(call.id);
  const list: Involvement[] = [];
  const among = { ...surroundings, earlier: list };
  for (const member of cohort.members)
    list.push(isDrawn(member, hashed, surroundings.nowMs) ? { ...member, ...effectOf(member, call, among) } : member);
  return { cohort, list };
}

/** What experiments that began before have done to the same call. */
type Among = Surroundings & { readonly earlier: readonly Involvement[] };

type Effect = Pick<Involvement, "result" | "faults" | "serve">;

/** What an experiment does to a call that it has drawn. */
function effectOf({ experiment, stage }: Involvement, call: Call, among: Among): Effect {
  if (stage === undefined) return notDrawn;
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

const none: readonly FaultConfig[] = [];
const notDrawn: Effect = { result: "not drawn", faults: none, serve: undefined };
const unservable: Effect = { result: "unservable", faults: none, serve: undefined };
const limited: Effect = { result: "limited", faults: none, serve: undefined };

import {
  compileExperiment,
  noInvolvements,
  servingIn,
  withExperiments,
  type Cohort,
  type CompiledExperiment,
  type Involvements,
  type RunningExperiment,
} from "../core/experiments/layer.ts";
import { createScopes } from "../core/experiments/scopes.ts";
import type { Servable } from "../core/experiments/serving.ts";
import {
  createCohortCollector,
  seenById,
  type CohortCollector,
  type SeenByPhase,
  type SeenOfOne,
} from "../core/experiments/phases.ts";
import { endedCall } from "../core/experiments/window.ts";
import type { Call, Decision, Outcome } from "../core/types.ts";
import type { LoopCounts } from "../limits/experiment-counts.ts";

/** The experiments of one event loop, and its kill switch. */
export type Chaos = {
  /**
   * The decision with what experiments add to it, and without any fault once the kill switch is on.
   *
   * @param servable may be left out while no experiment runs
   */
  involve(call: Call, decision: Decision, servable: Servable | undefined): Involved;
  /** Asks the conditions of all experiments about a call; nothing is counted. @returns whether it is in the scope of one */
  inScope(call: Call): boolean;
  /** Whether any experiment runs, which may ask for what is in a body. */
  isRunning(): boolean;
  /** A call has ended; to be called once for each that was involved. */
  ended(outcome: Outcome, involved: Involvements): void;
  /** Faults may act on a call until `unbent`; it is told when they no longer may. */
  bent(call: BentCall, involved: Involved): void;
  unbent(call: BentCall): void;
};

/** A call on which faults may act. */
export type BentCall = {
  /** No fault acts any more: a silence ends as a cut, and what was held back leaves now. */
  letGo(): void;
};

/** A decision, and the experiments in whose scope its call is. */
export type Involved = { readonly decision: Decision; readonly involved: Involvements };

/** The same as its event loop sees it. */
export type LoopChaos = Chaos & {
  /** The experiments that run from now on; calls under way keep those they began with. */
  set(running: readonly RunningExperiment[]): void;
  /** What was seen of each since the last time, by id. */
  take(): { readonly [id: string]: SeenByPhase };
  /**
   * Lets calls under way go.
   *
   * @param id of the experiment that has all of their faults; undefined for all calls
   * @returns how many they were
   */
  letGo(id?: string): number;
};

/** For calls that no experiment may touch. */
export const noChaos: Chaos = {
  involve: (_call, decision) => ({ decision, involved: noInvolvements }),
  inScope: () => false,
  isRunning: () => false,
  ended: () => undefined,
  bent: () => undefined,
  unbent: () => undefined,
};

export function createChaos(counts: LoopCounts, wallClockMs: () => number): LoopChaos {
  let running: readonly CompiledExperiment[] = [];
  let scopes = createScopes(running);
  const collected = createCollected();
  const bent = new Map<BentCall, Involved>();
  return {
    involve(call, decision, servable) {
      if (counts.stopped()) return { decision: withoutFaults(decision), involved: noInvolvements };
      if (running.length === 0 || servable === undefined) return { decision, involved: noInvolvements };
      const involved = scopes.involve(call, { nowMs: wallClockMs(), counts, decision, servable });
      return { decision: withExperiments(decision, involved), involved };
    },
    inScope: (call) => scopes.bitsOf(call) !== 0,
    isRunning: () => running.length > 0,
    ended(outcome, involved) {
      release(involved, counts);
      if (running.length > 0) collected.add(outcome, involved);
    },
    set(wanted) {
      const known = new Map(running.map((experiment) => [experiment.id, experiment]));
      running = wanted.map((each) => compiledOf(each, known.get(each.id)));
      scopes = createScopes(running);
    },
    bent: (call, { decision, involved }) => void bent.set(call, { decision, involved }),
    unbent: (call) => void bent.delete(call),
    letGo(id) {
      const calls = [...bent].filter(([, involved]) => id === undefined || isOnlyOf(id, involved));
      for (const [call] of calls) {
        bent.delete(call);
        call.letGo();
      }
      return calls.length;
    },
    take: () =>
      seenById(
        collected.take(),
        running.map(({ id }) => id),
      ),
  };
}

/** What is seen of the scopes of all cohorts. */
function createCollected() {
  const collectors = new Map<Cohort, CohortCollector>();
  return {
    add(outcome: Outcome, involved: Involvements): void {
      const { cohort, list } = involved;
      let collector = collectors.get(cohort);
      if (collector === undefined) collectors.set(cohort, (collector = createCohortCollector(cohort)));
      collector.add(endedCall(outcome, servingIn(list), cohort.countsGaps), involved);
    },
    take(): readonly SeenOfOne[] {
      const seen = [...collectors.values()].flatMap((collector) => collector.take());
      collectors.clear();
      return seen;
    },
  };
}

/** A call has ended that some of them may have affected. */
function release({ cohort, list }: Involvements, counts: LoopCounts): void {
  // Most are drawn by none.
  if (list === cohort.members) return;
  for (const { result, experiment } of list) if (result === "affected") counts.release(experiment.slot);
}

function compiledOf(wanted: RunningExperiment, known: CompiledExperiment | undefined): CompiledExperiment {
  return known === undefined ? compileExperiment(wanted) : { ...known, ...wanted };
}

/** Whether all faults of a call were added by one experiment. */
function isOnlyOf(id: string, { decision, involved }: Involved): boolean {
  const added = involved.list.find(({ experiment }) => experiment.id === id);
  return added !== undefined && added.faults.length === decision.faults.length;
}

function withoutFaults(decision: Decision): Decision {
  return decision.faults.length === 0 ? decision : { ...decision, faults: [] };
}

import {
  compileExperiment,
  inScope,
  involvements,
  servingIn,
  withExperiments,
  type CompiledExperiment,
  type Involvement,
  type RunningExperiment,
} from "../core/experiments/layer.ts";
import type { Servable } from "../core/experiments/serving.ts";
import { createScopeCollector, type ScopeCollector, type SeenByPhase } from "../core/experiments/phases.ts";
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
  /** In how many scopes of experiments a call is; nothing is counted. */
  inScopes(call: Call): number;
  /** Whether any experiment runs, which may ask for what is in a body. */
  isRunning(): boolean;
  /** A call has ended; to be called once for each that was involved. */
  ended(outcome: Outcome, involved: readonly Involvement[]): void;
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
export type Involved = { readonly decision: Decision; readonly involved: readonly Involvement[] };

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

const nobody: readonly Involvement[] = [];

/** For calls that no experiment may touch. */
export const noChaos: Chaos = {
  involve: (_call, decision) => ({ decision, involved: nobody }),
  inScopes: () => 0,
  isRunning: () => false,
  ended: () => undefined,
  bent: () => undefined,
  unbent: () => undefined,
};

export function createChaos(counts: LoopCounts, wallClockMs: () => number): LoopChaos {
  let running: readonly CompiledExperiment[] = [];
  const collectors = new Map<string, ScopeCollector>();
  const bent = new Map<BentCall, Involved>();
  return {
    involve(call, decision, servable) {
      if (counts.stopped()) return { decision: withoutFaults(decision), involved: nobody };
      if (running.length === 0 || servable === undefined) return { decision, involved: nobody };
      const involved = involvements(call, running, { nowMs: wallClockMs(), counts, decision, servable });
      return { decision: withExperiments(decision, involved), involved };
    },
    inScopes: (call) => running.filter((experiment) => inScope(call, experiment)).length,
    isRunning: () => running.length > 0,
    ended(outcome, involved) {
      const call = endedCall(outcome, servingIn(involved));
      for (const each of involved) {
        if (each.result === "affected") counts.release(each.experiment.slot);
        collectors.get(each.experiment.id)?.add(call, each);
      }
    },
    set(wanted) {
      const known = new Map(running.map((experiment) => [experiment.id, experiment]));
      running = wanted.map((each) => compiledOf(each, known.get(each.id)));
      const ids = new Set(running.map(({ id }) => id));
      for (const id of collectors.keys()) if (!ids.has(id)) collectors.delete(id);
      for (const id of ids) if (!collectors.has(id)) collectors.set(id, createScopeCollector());
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
    take: () => Object.fromEntries([...collectors].map(([id, collector]) => [id, collector.take()])),
  };
}

function compiledOf(wanted: RunningExperiment, known: CompiledExperiment | undefined): CompiledExperiment {
  return known === undefined ? compileExperiment(wanted) : { ...known, ...wanted };
}

/** Whether all faults of a call were added by one experiment. */
function isOnlyOf(id: string, { decision, involved }: Involved): boolean {
  const added = involved.find(({ experiment }) => experiment.id === id);
  return added !== undefined && added.faults.length === decision.faults.length;
}

function withoutFaults(decision: Decision): Decision {
  return decision.faults.length === 0 ? decision : { ...decision, faults: [] };
}

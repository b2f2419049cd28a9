import {
  createSeenCollector,
  sumOf,
  unseen,
  type EndedCall,
  type InvolvementResult,
  type Seen,
  type SeenCollector,
} from "./window.ts";

/** Where a call falls in an experiment: before its first stage, up to the end of its last stage with a fault, or after that. */
export type Phase = "before" | "during" | "after";

/** All phases in their order. */
const phases: readonly Phase[] = ["before", "during", "after"];

/** What was seen of one experiment's scope, by the phase in which calls began; a phase without calls is absent. */
export type SeenByPhase = { readonly [In in Phase]?: Seen };

/** What of an involvement counts. */
type Involved = { readonly result: InvolvementResult; readonly phase: Phase; readonly stage: string | undefined };

/** Collects what is seen of one experiment's scope in one event loop. */
export type ScopeCollector = {
  add(ended: EndedCall, involved: Involved): void;
  /** What was seen since the last time. */
  take(): SeenByPhase;
};

export function createScopeCollector(): ScopeCollector {
  const collectors = new Map<Phase, SeenCollector>();
  return {
    add(ended, { result, phase, stage }) {
      let collector = collectors.get(phase);
      if (collector === undefined) collectors.set(phase, (collector = createSeenCollector()));
      collector.add(ended, result, stage);
    },
    take() {
      const taken = Object.fromEntries([...collectors].map(([phase, collector]) => [phase, collector.take()]));
      collectors.clear();
      return taken;
    },
  };
}

/** Several of them together. */
export function sumOfPhases(list: readonly SeenByPhase[]): SeenByPhase {
  const sums = phases.flatMap((phase) => {
    const seen = list.flatMap((each) => each[phase] ?? []);
    return seen.length === 0 ? [] : [[phase, sumOf(seen)] as const];
  });
  return Object.fromEntries(sums);
}

/** What was seen in some phases together; in all of them where none is named. */
export function seenIn(seen: SeenByPhase, wanted: readonly Phase[] = phases): Seen {
  return sumOf(wanted.map((phase) => seen[phase] ?? unseen));
}

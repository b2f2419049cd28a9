import type { Cohort, Involvements } from "./layer.ts";
import { placesIn } from "./places.ts";
import { createSeenCollector, sumOf, unseen, type EndedCall, type Phase, type Seen } from "./window.ts";

/** All phases in their order. */
const phases: readonly Phase[] = ["before", "during", "after"];

/** What was seen of one experiment's scope, by the phase in which calls began; a phase without calls is absent. */
export type SeenByPhase = { readonly [In in Phase]?: Seen };

/** What was seen of one experiment's scope in some calls of it that began in one phase. */
export type SeenOfOne = { readonly id: string; readonly phase: Phase; readonly seen: Seen };

/** Collects what is seen of the scopes that one cohort is in. */
export type CohortCollector = {
  add(ended: EndedCall, involved: Involvements): void;
  /** All that was seen, for each of its experiments; to be taken once. */
  take(): readonly SeenOfOne[];
};

/** Makes one; how its calls went is counted once for all of its experiments. */
export function createCohortCollector({ members }: Cohort): CohortCollector {
  const together = createSeenCollector();
  const results = members.map(() => ({ "not drawn": 0, affected: 0, limited: 0, unservable: 0 }));
  return {
    add(ended, { list }) {
      together.add(ended);
      if (list === members) return;
      for (const [index, { result }] of list.entries()) {
        const own = results[index];
        if (own !== undefined) own[result] += 1;
      }
    },
    take() {
      const seen = together.take();
      return members.map(({ experiment, phase, stage }, index) => {
        const { affected = 0, limited = 0, unservable = 0 } = results[index] ?? {};
        const places = stage === undefined ? seen.places : placesIn(stage.name, seen.places);
        return { id: experiment.id, phase, seen: { ...seen, affected, limited, unservable, places } };
      });
    },
  };
}

/** All of them in one list, by id and phase. */
export function seenById(list: readonly SeenOfOne[], ids: Iterable<string>): { readonly [id: string]: SeenByPhase } {
  return Object.fromEntries(
    [...ids].map((id) => {
      const own = list.filter((each) => each.id === id);
      return [id, sumOfPhases(own.map(({ phase, seen }) => ({ [phase]: seen })))];
    }),
  );
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

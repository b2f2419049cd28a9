import type { Copied } from "../core/records/copied.ts";
import { learnedOf, learnedOfCopy } from "../core/learning/call.ts";
import { createCallStore } from "../core/learning/store.ts";
import type { CallsOfModel } from "../core/learning/types.ts";
import type { Outcome } from "../core/types.ts";

/** Notes what calls tell of the upstreams that are learned. */
export type Learner = {
  /** @param copied what was measured of its copy for another upstream */
  add(outcome: Outcome, copied?: Copied): void;
  /** What was noted since the last time. */
  take(): CallsOfModel[];
};

/** Calls of one model that are noted between two times that they are taken, the latest. */
const maxCalls = 250;

/** Makes what notes the calls of one event loop. @param upstreams gives those that are learned */
export function createLearner(upstreams: () => ReadonlySet<string>): Learner {
  const store = createCallStore(maxCalls);
  return {
    add(outcome, copied) {
      const wanted = upstreams();
      if (wanted.size === 0) return;
      if (outcome.upstream !== undefined && wanted.has(outcome.upstream)) {
        const learned = learnedOf(outcome);
        if (learned !== undefined) store.add(learned);
      }
      if (copied === undefined || !wanted.has(copied.upstream)) return;
      const learned = learnedOfCopy(outcome, copied);
      if (learned !== undefined) store.add(learned);
    },
    take() {
      const taken = store.list();
      store.clear();
      return taken;
    },
  };
}

import { keptName } from "../model-names.ts";
import type { Learned } from "./call.ts";
import type { CallsOfModel, LearnedCall } from "./types.ts";

/** Keeps the latest calls by upstream and model. */
export type CallStore = {
  add(learned: Learned): void;
  /** All that is kept; arrays are copies. */
  list(): CallsOfModel[];
  clear(): void;
};

/** @param maxCalls that are kept of each model at each upstream, the latest */
export function createCallStore(maxCalls: number): CallStore {
  const upstreams = new Map<string, Map<string, Ring>>();
  return {
    add({ upstream, model, call }) {
      let models = upstreams.get(upstream);
      if (models === undefined) upstreams.set(upstream, (models = new Map()));
      const name = keptName(models, model);
      let ring = models.get(name);
      if (ring === undefined) models.set(name, (ring = { calls: [], next: 0 }));
      push(ring, call, maxCalls);
    },
    list: () =>
      [...upstreams].flatMap(([upstream, models]) =>
        [...models].map(([model, ring]) => ({ upstream, model, calls: inOrder(ring) })),
      ),
    clear: () => upstreams.clear(),
  };
}

/** Once it is full, `next` is the oldest. */
type Ring = { readonly calls: LearnedCall[]; next: number };

function push(ring: Ring, call: LearnedCall, max: number): void {
  ring.calls[ring.next] = call;
  ring.next = (ring.next + 1) % max;
}

function inOrder({ calls, next }: Ring): LearnedCall[] {
  return next === 0 ? calls.slice() : [...calls.slice(next), ...calls.slice(0, next)];
}

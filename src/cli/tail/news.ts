import { kept, type Call } from "../../admin/dashboard/state.ts";
import type { Told } from "../live/stream.ts";

/** Calls that have ended since the last time, the oldest first. */
export type News = { readonly calls: readonly Call[]; readonly missed: number };

type State = Extract<Told, { kind: "state" }>;

/**
 * Makes what picks the new calls out of what a node tells.
 *
 * @param last so many of the calls that are there at first count as new
 */
export function createNews(last: number): (told: State) => News {
  /** When the newest call that was told ended; undefined before the first state. */
  let newestMs: number | undefined;
  return ({ state, delta }) => {
    const since = newestMs;
    const known = delta?.calls ?? state.calls;
    newestMs = Math.max(since ?? 0, ...known.map(endOf));
    // After a restart of the node, or a lost connection, what is listed may have been told already.
    if (delta === undefined) {
      const fresh = since === undefined ? known.slice(0, last) : known.filter((call) => endOf(call) > since);
      return { calls: fresh.toReversed(), missed: 0 };
    }
    return { calls: known.toReversed(), missed: missedOf(state, known.length) };
  };
}

function endOf({ startedAtMs, totalMs }: Call): number {
  return startedAtMs + totalMs;
}

/** A node tells so many calls at a time; how many more there were, about, follows from its counters. */
function missedOf({ traffic }: State["state"], told: number): number {
  if (told < kept.calls) return 0;
  const [before, last] = traffic.slice(-2);
  if (before === undefined || last === undefined) return 0;
  const perSecond = Object.values(last.perSecond).reduce((sum, each) => sum + each, 0);
  return Math.max(0, Math.round((perSecond * (last.atMs - before.atMs)) / 1000) - told);
}

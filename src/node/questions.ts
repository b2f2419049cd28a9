import { question, type AnyQuestion } from "../admin/question.ts";
import { loopLag } from "../admin/dashboard/lag.ts";
import { callsSince } from "../admin/dashboard/live.ts";
import { pools } from "../admin/dashboard/pools.ts";
import { resources } from "../admin/resources/index.ts";
import type { BreakerState } from "../limits/breaker.ts";

/** Hits and misses of the profile caches. */
export const cacheUse = question({
  name: "cacheUse",
  reply: (loop) => {
    const { profiles } = loop.runtime();
    return { hits: profiles.hits(), misses: profiles.misses() };
  },
  merge: (replies) => ({
    hits: replies.reduce((total, { hits }) => total + hits, 0),
    misses: replies.reduce((total, { misses }) => total + misses, 0),
  }),
});

/** Memory of responses that wait, and how much there may be, in bytes. */
export const memoryUse = question({
  name: "memoryUse",
  reply: ({ memory }) => ({ used: memory.used(), max: memory.max() }),
  merge: (replies) => ({
    used: replies.reduce((total, { used }) => total + used, 0),
    max: replies.reduce((total, { max }) => total + max, 0),
  }),
});

/** Connections that are not read until there is time for their requests. */
export const heldConnections = question({
  name: "heldConnections",
  reply: (loop) => loop.heldConnections(),
  merge: (replies) => replies.reduce((total, each) => total + each, 0),
});

/** Spans that reached the collector, and those that did not. */
export const spanCounts = question({
  name: "spanCounts",
  reply: ({ tracing }) => tracing?.counts() ?? { exported: 0, dropped: 0 },
  merge: (replies) => ({
    exported: replies.reduce((total, { exported }) => total + exported, 0),
    dropped: replies.reduce((total, { dropped }) => total + dropped, 0),
  }),
});

/** Sketches of the latest mirrored calls, one list for each event loop. */
export const driftOfShadow = question({
  name: "driftOfShadow",
  reply: (loop, nowMs: number) => loop.drift.snapshot(nowMs),
  merge: (replies) => replies,
});

/** Has a breaker follow a change in another event loop. */
export const forceBreaker = question({
  name: "forceBreaker",
  reply: (loop, upstream: string, state: BreakerState) => {
    loop.runtime().upstreams.get(upstream)?.breaker?.force(state);
    return undefined;
  },
  merge: () => undefined,
});

const all: readonly AnyQuestion[] = [
  ...resources.flatMap(({ questions = [] }) => questions),
  cacheUse,
  memoryUse,
  heldConnections,
  spanCounts,
  callsSince,
  pools,
  loopLag,
  driftOfShadow,
  forceBreaker,
];

/** The question of that name, of a resource or of the node itself; undefined when none lists it. */
export function questionNamed(name: string): AnyQuestion | undefined {
  return all.find((each) => each.name === name);
}

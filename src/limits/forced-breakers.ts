import type { Breaker, Ticket } from "./breaker.ts";

/** A breaker that somebody holds open or closed for a time. Times are wall clock, milliseconds since 1970. Plain data. */
export type ForcedBreaker = {
  readonly upstream: string;
  readonly state: "open" | "closed";
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Who asked for it. */
  readonly by: string;
};

/** Which breakers of an event loop are forced. */
export type ForcedBreakers = {
  /** Those that are forced from now on; all others are released. */
  set(forced: readonly ForcedBreaker[]): void;
  /** A breaker that does as it is forced to while it is. */
  around(upstream: string, breaker: Breaker): Breaker;
};

/** What is found out while a breaker is forced does not count. */
const countless: Ticket = { succeeded: () => undefined, failed: () => undefined, abandoned: () => undefined };

/**
 * Makes what forces the breakers of one event loop. A breaker begins anew, closed and with no call counted, when it is forced and
 * when it is released.
 *
 * @param wallClockMs milliseconds since 1970
 */
export function createForcedBreakers(wallClockMs: () => number): ForcedBreakers {
  let forced: ReadonlyMap<string, ForcedBreaker> = new Map();
  const breakers = new Map<string, Breaker>();
  return {
    set(next) {
      const before = forced;
      forced = new Map(next.map((each) => [each.upstream, each]));
      for (const upstream of new Set([...before.keys(), ...forced.keys()]))
        if (before.get(upstream)?.state !== forced.get(upstream)?.state) breakers.get(upstream)?.startAnew();
    },
    around(upstream, breaker) {
      breakers.set(upstream, breaker);
      return forceable(breaker, () => forced.get(upstream), wallClockMs);
    },
  };
}

function forceable(breaker: Breaker, held: () => ForcedBreaker | undefined, wallClockMs: () => number): Breaker {
  return {
    ...breaker,
    state: () => held()?.state ?? breaker.state(),
    admit() {
      const state = held()?.state;
      if (state === undefined) return breaker.admit();
      return state === "closed" ? countless : undefined;
    },
    failedLate() {
      if (held() === undefined) breaker.failedLate();
    },
    force(state) {
      if (held() === undefined) breaker.force(state);
    },
    retryAfterMs() {
      const forced = held();
      if (forced === undefined) return breaker.retryAfterMs();
      return forced.state === "open" ? Math.max(0, forced.untilMs - wallClockMs()) : 0;
    },
  };
}

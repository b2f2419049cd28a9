import type { BreakerChange, Breakers } from "../admin/breakers.ts";
import type { Asker, AuditLog } from "../admin/audit.ts";
import { ProblemError } from "../admin/problem.ts";
import { forcedBreakers } from "../admin/resources/breakers.ts";
import type { Settings } from "../config/load.ts";
import type { Log } from "../emit/log.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import type { ForcedBreaker } from "../limits/forced-breakers.ts";
import type { EventLoops } from "./event-loops.ts";
import { refuseOpenAdmin } from "./admin/open-admin.ts";

/** The circuit breakers of a node: what becomes of them is kept, and they can be forced. */
export type NodeBreakers = Breakers & {
  /** A breaker has changed by itself, or follows that of another node. */
  changed(upstream: string, state: BreakerState, why: "calls" | "another node"): void;
  close(): void;
};

/** What they are forced with. */
export type NodeBreakersOptions = {
  readonly clock: Pick<Clock, "wake">;
  readonly log: Log;
  readonly audit: AuditLog;
  readonly eventLoops: Pick<EventLoops, "set">;
  settings(): Settings;
  wallClockMs(): number;
};

/** Changes that are kept of each breaker, the latest ones. */
const keptChanges = 50;

/** Makes what keeps the changes of breakers, and forces them. */
export function createNodeBreakers(options: NodeBreakersOptions): NodeBreakers {
  const { settings } = options;
  const kept = createChanges(options.wallClockMs);
  const { held, hold, end } = createHolding(options, kept);
  return {
    async force(upstream, { state, forMs }, asker) {
      refuseOpenAdmin(settings(), "Forced breakers");
      refuseWithoutBreaker(upstream, settings());
      const sinceMs = options.wallClockMs();
      const forced: ForcedBreaker = { upstream, state, sinceMs, untilMs: sinceMs + forMs, by: asker.by };
      await hold(forced, asker);
      return forced;
    },
    async release(upstream, asker) {
      refuseWithoutBreaker(upstream, settings());
      if (!held.has(upstream)) return false;
      await end(upstream, "released", asker);
      return true;
    },
    forced: () => [...held.values()].map(({ forced }) => forced),
    changes: kept.of,
    changed(upstream, state, why) {
      if (!held.has(upstream)) kept.add(upstream, { state, why });
    },
    close() {
      for (const { stop } of held.values()) stop();
    },
  };
}

type Held = { readonly forced: ForcedBreaker; stop(): void };

/** What holds breakers until their time is up. */
function createHolding({ clock, log, audit, eventLoops }: NodeBreakersOptions, kept: ReturnType<typeof createChanges>) {
  const held = new Map<string, Held>();
  const publish = (): Promise<void> =>
    eventLoops.set(
      forcedBreakers,
      [...held.values()].map(({ forced }) => forced),
    );
  const end = async (upstream: string, why: "released" | "time is up", asker: Asker): Promise<void> => {
    held.get(upstream)?.stop();
    held.delete(upstream);
    kept.add(upstream, { state: "closed", why, by: asker.by });
    audit.note({
      what: why === "released" ? "breaker released" : "breaker released, its time is up",
      upstream,
      ...asker,
    });
    await publish();
  };
  const hold = async (forced: ForcedBreaker, asker: Asker): Promise<void> => {
    const { upstream, state, sinceMs, untilMs, by } = forced;
    held.get(upstream)?.stop();
    const stop = clock.wake(untilMs - sinceMs, () => {
      const failed = (error: unknown): void => log.error({ error }, "could not release a breaker");
      end(upstream, "time is up", { by: "stuntdouble" }).catch(failed);
    });
    held.set(upstream, { forced, stop });
    kept.add(upstream, { state, why: "forced", by });
    audit.note({ what: `breaker forced ${state} for ${untilMs - sinceMs} ms`, upstream, state, ...asker });
    await publish();
  };
  return { held, hold, end };
}

/** @throws ProblemError 404 for an unknown upstream, 409 for one without a breaker, which every call may ask */
function refuseWithoutBreaker(upstream: string, { config: { upstreams } }: Settings): void {
  const found = Object.hasOwn(upstreams, upstream) ? upstreams[upstream] : undefined;
  if (found === undefined) throw new ProblemError(404, "There is no upstream of this name.");
  if (found.breaker === undefined || found.breaker === "off")
    throw new ProblemError(409, "This upstream has no circuit breaker; upstreams.NAME.breaker gives it one.");
}

/** Keeps the latest changes of each breaker. Each event loop becomes half-open by itself; that is told once. */
function createChanges(wallClockMs: () => number) {
  const all = new Map<string, readonly BreakerChange[]>();
  const of = (upstream: string): readonly BreakerChange[] => all.get(upstream) ?? [];
  return {
    of,
    add(upstream: string, change: Omit<BreakerChange, "atMs">): void {
      const before = of(upstream);
      if (change.state === before.at(-1)?.state && (change.why === "calls" || change.why === "another node")) return;
      all.set(upstream, [...before, { atMs: wallClockMs(), ...change }].slice(-keptChanges));
    },
  };
}

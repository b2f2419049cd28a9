import { availableParallelism } from "node:os";
import { shadowReport, type ShadowReport } from "./core/compare.ts";
import type { Outcome } from "./core/types.ts";
import type { Settings } from "./config/load.ts";
import type { Log } from "./emit/log.ts";
import type { Series, WorkerValues } from "./emit/metrics.ts";
import type { BreakerState } from "./limits/breaker.ts";
import type { Clock } from "./limits/clock.ts";
import { createPermits, type Permits } from "./limits/permits.ts";
import { createNodeMemory } from "./node.ts";
import { startThread } from "./thread.ts";
import { createTraffic, type Traffic } from "./traffic.ts";

/** What the event loops of a node are started with. */
export type FleetOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
  /** Takes whole log lines of the threads. */
  writeLog(text: string): void;
};

/** All event loops with traffic of a node as one. */
export type Fleet = {
  readonly loops: number;
  readonly permits: Permits;
  /** Resolves to the port really bound. */
  listen(address: { host: string; port: number }): Promise<number>;
  apply(settings: Settings): Promise<void>;
  breakers(): Promise<Record<string, BreakerState>>;
  requests(limit: number): Promise<readonly Outcome[]>;
  shadow(): Promise<ShadowReport>;
  cacheUse(): Promise<{ hits: number; misses: number }>;
  values(): readonly WorkerValues[];
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/** A dead worker is replaced after so long; longer each time it dies soon again, but within the promised two seconds. */
const restartMs = 100;
const longestRestartMs = 1500;

/**
 * Starts the event loops of a node: one in this thread, or several in threads that share port, permits and metrics.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export function createFleet(options: FleetOptions): Fleet {
  const { clock, log } = options;
  let { settings } = options;
  const wanted = settings.config.workers;
  const loops = wanted === "auto" ? availableParallelism() : wanted;
  const memory = createNodeMemory(settings.config, loops);
  const { queueTimeoutMs } = settings.config.permits;
  const permits = createPermits({ memory: memory.permits, worker: loops, clock, queueTimeoutMs });
  const series: Series[][] = Array.from({ length: loops }, () => []);
  const values = memory.metrics.map((buffer) => new Float64Array(buffer));
  let address: { host: string; port: number; shared: boolean } | undefined;
  let stopped = false;
  let deaths = 0;

  const tellBreaker = (from: number, upstream: string, state: BreakerState): void => {
    log.warn({ upstream, state, worker: from }, "breaker");
    if (state === "half-open") return;
    for (const [index, member] of members.entries()) if (index !== from) void member.setBreaker(upstream, state).catch(ignored);
  };
  const ignored = (error: unknown): void => log.warn({ error }, "a worker did not hear");

  const start = (worker: number): Traffic => {
    const onSeries = (made: Series): void => void series[worker]!.push(made);
    const onBreaker = (upstream: string, state: BreakerState): void => tellBreaker(worker, upstream, state);
    const knownSeries = [...series[worker]!];
    if (loops === 1) return createTraffic({ ...options, settings, worker, memory, knownSeries, onSeries, onBreaker });
    return startThread(
      { worker, memory, settings, knownSeries },
      { onSeries, onBreaker, onLog: options.writeLog, onDeath: (reason) => replace(worker, reason) },
    );
  };

  const replace = (worker: number, reason: string): void => {
    if (stopped) return;
    deaths += 1;
    permits.returnAllOf(worker);
    log.error({ worker, reason }, "worker died");
    clock.wake(Math.min(restartMs * deaths, longestRestartMs), () => {
      if (stopped) return;
      members[worker] = start(worker);
      if (address !== undefined) void members[worker].listen(address).catch(ignored);
    });
  };

  const members: Traffic[] = Array.from({ length: loops }, (_, worker) => start(worker));

  /** Asks every loop; one that dies meanwhile has nothing to say. */
  const gather = async <Value>(ask: (member: Traffic) => Promise<Value>): Promise<Value[]> => {
    const answers = await Promise.allSettled(members.map(ask));
    return answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value);
  };

  return {
    loops,
    permits,
    async listen({ host, port }) {
      const [first, ...others] = members;
      const bound = await first!.listen({ host, port, shared: loops > 1 });
      address = { host, port: bound, shared: loops > 1 };
      await Promise.all(others.map((member) => member.listen(address!)));
      return bound;
    },
    async apply(next) {
      settings = next;
      permits.setMax(next.config.permits.max);
      await Promise.all(members.map((member) => member.apply(next)));
    },
    async breakers() {
      const all = await gather((member) => member.breakers());
      return Object.assign({}, ...all.reverse()) as Record<string, BreakerState>;
    },
    async requests(limit) {
      const all = (await gather((member) => member.requests(limit))).flat();
      return all.sort((a, b) => b.startedAtMs - a.startedAtMs).slice(0, limit);
    },
    shadow: async () => shadowReport(await gather((member) => member.shadow())),
    async cacheUse() {
      const all = await gather((member) => member.cacheUse());
      return {
        hits: all.reduce((sum, { hits }) => sum + hits, 0),
        misses: all.reduce((sum, { misses }) => sum + misses, 0),
      };
    },
    values: () => values.map((each, index) => ({ series: series[index]!, values: each })),
    async drain() {
      await gather((member) => member.drain());
    },
    async stop() {
      stopped = true;
      await gather((member) => member.stop());
    },
  };
}

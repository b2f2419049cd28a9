import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import type { Settings } from "../config/load.ts";
import { shadowReport, type ShadowReport } from "../core/shadow.ts";
import { toStuntdoubleError, type StuntdoubleError } from "../core/errors.ts";
import type { Outcome } from "../core/types.ts";
import type { Log } from "../emit/log.ts";
import type { WorkerValues } from "../emit/metrics.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { createPermits, type Permits } from "../limits/permits/permits.ts";
import { startSupervisor, type Supervisor } from "./supervisor.ts";
import { createSharedMemory } from "./shared-memory.ts";
import type { Address, Ports } from "./listeners.ts";
import type { EventLoop } from "./event-loop.ts";

/** What the event loops of a node are started with. */
export type EventLoopsOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
  /** Takes whole log lines of the threads. */
  writeLog(text: string): void;
};

/** All event loops with traffic of a node as one. */
export type EventLoops = {
  readonly loops: number;
  readonly permits: Permits;
  /** Resolves to the ports really bound. */
  listen(address: Pick<Address, "traffic" | "extProc">): Promise<Ports>;
  apply(settings: Settings): Promise<void>;
  breakers(): Promise<Record<string, BreakerState>>;
  requests(limit: number): Promise<readonly Outcome[]>;
  shadow(): Promise<ShadowReport>;
  cacheUse(): Promise<{ hits: number; misses: number }>;
  values(): readonly WorkerValues[];
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts the event loops of a node: one in this thread, or several in threads that share port, permits and metrics.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export async function createEventLoops(options: EventLoopsOptions): Promise<EventLoops> {
  let { settings } = options;
  const { workers, permits: limits } = settings.config;
  const loops = workers === "auto" ? availableParallelism() : workers;
  const memory = createSharedMemory(settings.config, loops);
  const { queueTimeoutMs } = limits;
  const permits = createPermits({ memory: memory.permits, worker: loops, clock: options.clock, queueTimeoutMs });
  const members = await startSupervisor({ ...options, loops, memory, permits, settings: () => settings });
  const values = memory.metrics.map((buffer) => new Float64Array(buffer));

  return {
    loops,
    permits,
    listen: (address) => listenAll(members, { ...address, shared: loops > 1 }),
    async apply(next) {
      const before = settings;
      settings = next;
      const told = await Promise.allSettled(members.all().map((member) => member.apply(next)));
      const refusal = refusalIn(told, options.log);
      if (refusal === undefined) return permits.setMax(next.config.permits.max);
      settings = before;
      throw refusal;
    },
    async breakers() {
      const all = await gather(members, (member) => member.breakers());
      return Object.assign({}, ...all) as Record<string, BreakerState>;
    },
    async requests(limit) {
      const all = (await gather(members, (member) => member.requests(limit))).flat();
      return all.sort((a, b) => b.startedAtMs - a.startedAtMs).slice(0, limit);
    },
    shadow: async () => shadowReport(await gather(members, (member) => member.shadow())),
    async cacheUse() {
      const total = { hits: 0, misses: 0 };
      for (const { hits, misses } of await gather(members, (member) => member.cacheUse())) {
        total.hits += hits;
        total.misses += misses;
      }
      return total;
    },
    values: () => values.map((each, worker) => ({ series: members.series(worker), values: each })),
    async drain() {
      await gather(members, (member) => member.drain());
    },
    async stop() {
      members.release();
      await gather(members, (member) => member.stop());
    },
  };
}

/** The first one binds, so that free ports are the same for all. */
async function listenAll(members: Supervisor, wanted: Address): Promise<Ports> {
  if (wanted.shared) await claim(wanted.traffic);
  if (wanted.shared && wanted.extProc !== undefined) await claim(wanted.extProc);
  const [first, ...others] = members.all();
  const bound = await first!.listen(wanted);
  const { traffic, extProc, shared } = wanted;
  const address: Address = {
    traffic: { ...traffic, port: bound.traffic },
    extProc: extProc === undefined ? undefined : { ...extProc, port: bound.extProc ?? extProc.port },
    shared,
  };
  members.listenAt(address);
  await Promise.all(others.map((member) => member.listen(address)));
  return bound;
}

/** Fails where a port is taken: a shared one would be taken from another program in silence. */
function claim({ host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host, port }, () => void probe.close(() => resolve()));
  });
}

/** Settings that do not fit are refused by all loops alike; a loop that dies meanwhile starts again with the new ones. */
function refusalIn(told: readonly PromiseSettledResult<void>[], log: Log): StuntdoubleError | undefined {
  for (const each of told) {
    if (each.status === "fulfilled") continue;
    const error = toStuntdoubleError(each.reason);
    if (error.code === "CONFIG_INVALID") return error;
    log.warn({ error }, "a worker did not take up the configuration");
  }
  return undefined;
}

/** Asks every event loop; one that dies meanwhile has nothing to say. */
async function gather<Value>(members: Supervisor, ask: (member: EventLoop) => Promise<Value>): Promise<Value[]> {
  const answers = await Promise.allSettled(members.all().map((member) => ask(member)));
  return answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value);
}

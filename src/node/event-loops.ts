import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { valueOf, type Cloneable } from "../admin/question.ts";
import type { NodeView } from "../admin/resource.ts";
import type { Settings } from "../config/load.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import type { BatchUse } from "../core/simulator/batching.ts";
import type { Log } from "../emit/log.ts";
import type { WorkerValues } from "../emit/metrics.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { engineUse } from "../limits/engines.ts";
import { createNodeCounts, type NodeCounts } from "../limits/experiment-counts.ts";
import { createPermits, type Permits } from "../limits/permits/permits.ts";
import type { CallWatch } from "./call-watch.ts";
import { startWorker, WorkerGoneError, type WorkerEvents } from "./channel.ts";
import { createNodeBudgets, type NodeBudgets } from "./budgets.ts";
import { createNodeClients, type NodeClients } from "./clients.ts";
import type { EventLoop, EventLoopStart } from "./event-loop.ts";
import type { Address, Ports } from "./listeners.ts";
import { questionNamed } from "./questions.ts";
import { createSharedMemory, type SharedMemory } from "./shared-memory.ts";
import { loadTracing } from "./tracing.ts";
import { startSupervisor, type Supervisor } from "./supervisor.ts";

/** What the event loops of a node are started with. */
export type EventLoopsOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
  /** Takes whole log lines of the workers. */
  writeLog(text: string): void;
  /** Told when a breaker of this node has changed by itself. */
  breakerChanged?(upstream: string, state: BreakerState): void;
  /** Told of each call; only where there is one event loop, in this thread. */
  readonly watch?: CallWatch;
};

/** All event loops with traffic of a node as one. */
export type EventLoops = Pick<NodeView, "ask" | "get" | "set"> & {
  readonly count: number;
  readonly permits: Permits;
  readonly experiments: NodeCounts;
  /** Of the links to what nodes share: one for each event loop, and one for the node. */
  readonly fleet: SharedArrayBuffer;
  readonly clients: NodeClients;
  readonly budgets: NodeBudgets;
  /** Resolves to the ports really bound. */
  listen(address: Pick<Address, "traffic" | "extProc">): Promise<Ports>;
  /** @throws CONFIG_INVALID when the settings do not compile; those before stay in force */
  apply(settings: Settings): Promise<void>;
  /** What each has recorded for the metrics. */
  values(): readonly WorkerValues[];
  /** How far the engine of a profile is in use; undefined where no call has entered it. */
  engineUse(profile: string): BatchUse | undefined;
  /** Tells Envoy's health checks that no more calls are wanted. Resolves to whether Envoy has asked anything yet. */
  unready(): Promise<boolean>;
  /** Takes no new connection. Resolves when all calls have ended. */
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts the event loops of a node: one in this thread, or several in threads that share port, permits and metrics.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export async function createEventLoops(options: EventLoopsOptions): Promise<EventLoops> {
  const { clock, log } = options;
  let { settings } = options;
  const {
    workers,
    permits: { queueTimeoutMs },
  } = settings.config;
  const count = workers === "auto" ? availableParallelism() : workers;
  const memory = createSharedMemory(settings.config, count);
  const permits = createPermits({ memory: memory.permits, worker: count, clock, queueTimeoutMs });
  const states = new Map<string, Cloneable>();
  const start = count === 1 ? startHere(options) : startElsewhere;
  const clients = createNodeClients(memory.clients, count, { ...options, settings: () => settings });
  const parts = { memory, permits, clients, states, start };
  const supervisor = await startSupervisor({ ...options, ...parts, settings: () => settings });

  return {
    count,
    permits,
    ...sharedParts(memory, count),
    clients,
    budgets: createNodeBudgets({ ...options, memory: memory.budgets, settings: () => settings }),
    listen: (address) => listenAll(supervisor, { ...address, shared: count > 1 }),
    async apply(next) {
      const before = settings;
      settings = next;
      const rejected = rejectionOf(await Promise.allSettled(supervisor.loops().map((loop) => loop.apply(next))), log);
      if (rejected === undefined) return permits.setMax(next.config.permits.max);
      settings = before;
      throw rejected;
    },
    ...createAsking(supervisor, states),
    values: () => valuesOf(supervisor, memory),
    engineUse: (profile) => engineUse(memory.engines, profile, clock.now()),
    ...createEnd(supervisor),
  };
}

function sharedParts({ experiments, fleet }: SharedMemory, count: number): Pick<EventLoops, "experiments" | "fleet"> {
  return { experiments: createNodeCounts(experiments, count), fleet };
}

function valuesOf(supervisor: Supervisor, { metrics }: SharedMemory): WorkerValues[] {
  return supervisor.series().flatMap((series, worker) => {
    const buffer = metrics[worker];
    return buffer === undefined ? [] : { series, values: new Float64Array(buffer) };
  });
}

/** How the event loops come to their end. */
function createEnd(supervisor: Supervisor): Pick<EventLoops, "unready" | "drain" | "stop"> {
  return {
    unready: async () => (await fromAll(supervisor, (loop) => loop.unready())).includes(true),
    async drain() {
      // A worker that would take a dead one's place knows nothing of the shutdown.
      supervisor.release();
      await Promise.allSettled(supervisor.loops().map((loop) => loop.drain()));
    },
    async stop() {
      supervisor.release();
      await Promise.allSettled(supervisor.loops().map((loop) => loop.stop()));
    },
  };
}

/** How resources reach the event loops. */
function createAsking(supervisor: Supervisor, states: Map<string, Cloneable>): Pick<EventLoops, "ask" | "get" | "set"> {
  return {
    async ask(question, ...args) {
      if (questionNamed(question.name) !== question)
        throw new StuntdoubleError("INTERNAL", `No resource lists the question ${question.name}.`);
      return question.merge(await fromAll(supervisor, (loop) => loop.ask(question, ...args)));
    },
    get: (state) => valueOf(states, state),
    async set({ name }, value) {
      states.set(name, value);
      await fromAll(supervisor, (loop) => loop.set(name, value));
    },
  };
}

/** Starts an event loop in this thread. What traffic needs is loaded only where there is traffic. */
function startHere({ clock, log, wallClockMs, watch }: EventLoopsOptions) {
  return async (start: EventLoopStart, events: WorkerEvents): Promise<EventLoop> => {
    const { createEventLoop } = await import("./event-loop.ts");
    const tracing = await loadTracing(start.settings, log);
    return createEventLoop({ ...start, ...events, clock, log, tracing, watch, wallClockMs });
  };
}

async function startElsewhere(start: EventLoopStart, events: WorkerEvents): Promise<EventLoop> {
  return startWorker(start, events);
}

/** The first one binds, so that free ports are the same for all. */
async function listenAll(supervisor: Supervisor, wanted: Address): Promise<Ports> {
  const { traffic, extProc, shared } = wanted;
  if (shared) await claim(traffic);
  if (shared && extProc !== undefined) await claim(extProc);
  const [first, ...others] = supervisor.loops();
  if (first === undefined) throw new StuntdoubleError("INTERNAL", "No event loop runs.");
  const bound = await first.listen(wanted);
  const address: Address = {
    traffic: { ...traffic, port: bound.traffic },
    extProc: extProc === undefined ? undefined : { ...extProc, port: bound.extProc ?? extProc.port },
    shared,
  };
  supervisor.listenAt(address);
  await Promise.all(others.map((loop) => loop.listen(address)));
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

/** Settings that do not fit are rejected by all loops alike; a loop that dies meanwhile starts again with the new ones. */
function rejectionOf(applied: readonly PromiseSettledResult<void>[], log: Log): StuntdoubleError | undefined {
  for (const each of applied) {
    if (each.status === "fulfilled") continue;
    const error = toStuntdoubleError(each.reason);
    if (error.code === "CONFIG_INVALID") return error;
    log.warn({ error }, "a worker did not apply the configuration");
  }
  return undefined;
}

/**
 * The replies of all event loops; a worker that dies meanwhile gives none.
 *
 * @throws the first error that a loop threw, when all have ended
 */
async function fromAll<Value>(supervisor: Supervisor, ask: (loop: EventLoop) => Promise<Value>): Promise<Value[]> {
  const settled = await Promise.allSettled(supervisor.loops().map(ask));
  return settled.flatMap((each) => {
    if (each.status === "fulfilled") return [each.value];
    if (each.reason instanceof WorkerGoneError) return [];
    throw each.reason;
  });
}

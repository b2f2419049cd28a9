import { breakers } from "../admin/resources/status.ts";
import type { StateValues } from "../admin/question.ts";
import type { Settings } from "../config/load.ts";
import type { Log } from "../emit/log.ts";
import type { Series } from "../emit/series.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { returnExperimentsOf } from "../limits/experiment-counts.ts";
import { returnResponseLock } from "../limits/kept-responses.ts";
import { returnEngineLocksOf } from "../limits/engines.ts";
import { returnProbesOf } from "../limits/probe-slots.ts";
import type { Permits } from "../limits/permits/permits.ts";
import type { WorkerEvents } from "./channel.ts";
import type { NodeClients } from "./clients.ts";
import type { EventLoop, EventLoopStart } from "./event-loop.ts";
import type { Address } from "./listeners.ts";
import { forceBreaker } from "./questions.ts";
import type { EventLoopMemory, SharedMemory } from "./shared-memory.ts";

/** What the event loops of a node are kept alive with. */
export type SupervisorOptions = {
  /** Has metrics for each event loop. */
  readonly memory: SharedMemory;
  /** Of the main thread, to take back what a dead worker held. */
  readonly permits: Permits;
  readonly clients: Pick<NodeClients, "returnLocksOf">;
  readonly clock: Clock;
  readonly log: Log;
  /** What a new event loop starts with. */
  settings(): Settings;
  readonly states: StateValues;
  /** Takes whole log lines of the workers. */
  writeLog(text: string): void;
  /** Told when a breaker of this node has changed by itself. */
  breakerChanged?(upstream: string, state: BreakerState): void;
  /** Starts an event loop, in this thread or in one of its own. */
  start(start: EventLoopStart, events: WorkerEvents): Promise<EventLoop>;
};

/** The event loops of a node, each kept alive. */
export type Supervisor = {
  /** Those that run; one that has died is missing until it is replaced. */
  loops(): readonly EventLoop[];
  /** Label sets of the metrics of each, by worker number. */
  series(): readonly (readonly Series[])[];
  /** Where a worker that takes a dead one's place listens. */
  listenAt(address: Address): void;
  /** From now on a worker that ends is not replaced. */
  release(): void;
};

/** A dead worker is replaced after so long; longer each time another dies, but within the promised two seconds. */
const restartMs = 100;
const maxRestartMs = 1500;

/**
 * Starts the event loops, as many as there is memory for, and replaces those that die.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const watch: Watch = {
    options,
    slots: options.memory.metrics.map((metrics, worker) => ({
      worker,
      memory: { ...options.memory, metrics },
      series: [],
      loop: undefined,
    })),
    address: undefined,
    deaths: 0,
    released: false,
  };
  for (const slot of watch.slots) await startLoop(watch, slot);
  return {
    loops: () => watch.slots.flatMap(({ loop }) => loop ?? []),
    series: () => watch.slots.map(({ series }) => series),
    listenAt: (address) => void (watch.address = address),
    release: () => void (watch.released = true),
  };
}

/** The place of one event loop, whichever worker fills it. */
type Slot = {
  readonly worker: number;
  readonly memory: EventLoopMemory;
  readonly series: Series[];
  loop: EventLoop | undefined;
};

/** What a supervisor knows. */
type Watch = {
  readonly options: SupervisorOptions;
  readonly slots: readonly Slot[];
  address: Address | undefined;
  deaths: number;
  released: boolean;
};

async function startLoop(watch: Watch, slot: Slot): Promise<EventLoop> {
  const { settings, states, start, writeLog } = watch.options;
  const { worker, memory, series } = slot;
  const loop = await start(
    { worker, memory, settings: settings(), states, knownSeries: [...series] },
    {
      onSeries: (made) => void series.push(made),
      onBreaker: (upstream, state) => follow(watch, slot, { upstream, state }),
      onLog: writeLog,
      onDeath: (reason) => replace(watch, slot, reason),
    },
  );
  slot.loop = loop;
  return loop;
}

/** The other event loops follow the breaker of one; each tries by itself when it is half-open. */
function follow(
  { options, slots }: Watch,
  from: Slot,
  { upstream, state }: { upstream: string; state: BreakerState },
): void {
  const { log } = options;
  log.warn({ upstream, state, worker: from.worker }, "breaker");
  options.breakerChanged?.(upstream, state);
  if (state === "half-open") return;
  for (const { worker, loop } of slots) {
    if (worker === from.worker) continue;
    loop
      ?.ask(forceBreaker, upstream, state)
      .catch((error: unknown) => log.warn({ error, worker }, "could not reach worker"));
  }
}

/** Takes back what a dead worker held, and starts another one in its place after a while. */
function replace(watch: Watch, slot: Slot, reason: string): void {
  const { clock, log, memory, permits, clients } = watch.options;
  const { worker } = slot;
  slot.loop = undefined;
  if (watch.released) return;
  watch.deaths += 1;
  permits.returnAllOf(worker);
  returnResponseLock(memory.responses, worker);
  returnProbesOf(memory.probes, worker);
  returnEngineLocksOf(memory.engines, worker);
  clients.returnLocksOf(worker);
  returnExperimentsOf(memory.experiments, memory.loops, worker);
  log.error({ worker, reason }, "worker died");
  clock.wake(Math.min(restartMs * watch.deaths, maxRestartMs), () => {
    if (watch.released) return;
    takePlace(watch, slot).then(
      () => log.info({ worker }, "worker replaced"),
      (error: unknown) => log.warn({ error, worker }, "could not reach worker"),
    );
  });
}

/** A new worker first learns which breakers are open, so that it does not call an upstream that the node knows to be broken. */
async function takePlace(watch: Watch, slot: Slot): Promise<void> {
  const others = watch.slots.flatMap(({ loop }) => loop ?? []);
  const loop = await startLoop(watch, slot);
  const known = await Promise.allSettled(others.map((other) => other.ask(breakers)));
  for (const states of known) {
    if (states.status === "rejected") continue;
    for (const [upstream, state] of Object.entries(states.value))
      if (state === "open") await loop.ask(forceBreaker, upstream, state);
  }
  if (watch.address !== undefined) await loop.listen(watch.address);
}

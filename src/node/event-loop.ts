import type { Act, ActDeps, Loop, Runtime } from "../act/types.ts";
import { createAct } from "../act/exchange.ts";
import { createWheel } from "../act/timer-wheel.ts";
import { createShadowStore, type ShadowSnapshot } from "../core/shadow.ts";
import { createTokenCounter } from "../core/simulator/tokens.ts";
import type { Outcome } from "../core/types.ts";
import { createListeners, type Address, type Listeners, type Ports } from "./listeners.ts";
import { createEmit, type Emitters } from "../emit/emit.ts";
import { createJournal } from "../emit/journal.ts";
import type { Log } from "../emit/log.ts";
import { createRecorder } from "../emit/recorder.ts";
import type { Series } from "../emit/series.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { createKeptResponses } from "../limits/kept-responses.ts";
import { createPermits } from "../limits/permits/permits.ts";
import type { Settings } from "../config/load.ts";
import type { SharedMemory } from "./shared-memory.ts";
import { buildRuntime, modelLabels, retire } from "./build-runtime.ts";

/** What one event loop with traffic is given. */
export type EventLoopOptions = {
  readonly worker: number;
  readonly memory: SharedMemory;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  wallClockMs(): number;
  /** Label sets that an event loop before this one had in the same memory. */
  readonly knownSeries: readonly Series[];
  /** A new label set of a metric. */
  onSeries(series: Series): void;
  /** A breaker of this loop changed by itself; the other loops must follow. */
  onBreaker(upstream: string, state: BreakerState): void;
};

/** One event loop with traffic, as the main thread sees it, whether it runs there or in a worker. */
export type EventLoop = {
  listen(address: Address): Promise<Ports>;
  apply(settings: Settings): Promise<void>;
  setBreaker(upstream: string, state: BreakerState): Promise<void>;
  breakers(): Promise<Record<string, BreakerState>>;
  requests(limit: number): Promise<readonly Outcome[]>;
  shadow(): Promise<ShadowSnapshot>;
  cacheUse(): Promise<{ hits: number; misses: number }>;
  /** Resolves when the last open call has ended and its answer has left whole. */
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/** Outcomes kept for the admin API. */
const keptOutcomes = 1000;
/** How often a draining loop looks whether its calls have ended. */
const drainCheckMs = 20;
/** How often a stopping loop looks whether the calls it cut off have been recorded. */
const maxStopChecks = 50;

/**
 * Builds one event loop: port, core, act and one timer wheel.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export function createEventLoop(options: EventLoopOptions): EventLoop {
  const { clock } = options;
  const loop: Loop = { clock, wheel: createWheel(clock) };
  const state: LoopState = {
    runtime: buildRuntime(options, options.settings, loop, undefined),
    draining: false,
    stopping: false,
  };
  const records = createRecords(options);
  const { queueTimeoutMs } = state.runtime.snapshot.permits;
  const permits = createPermits({ memory: options.memory.permits, worker: options.worker, clock, queueTimeoutMs });
  const deps: ActDeps = {
    loop,
    permits,
    count: createTokenCounter(),
    kept: createKeptResponses(options.memory.answers, options.worker),
    pseudonym: options.memory.pseudonym,
    runtime: () => state.runtime,
    emit: createEmit(records),
    stopping: () => state.stopping,
    wallClockMs: options.wallClockMs,
  };
  const act = createAct(deps);
  const { settings } = options;
  const listeners = createListeners({ settings, deps, act, draining: () => state.draining });
  return {
    listen: (address) => listeners.listen(address),
    async apply(settings) {
      const before = state.runtime;
      state.runtime = buildRuntime(options, settings, loop, before);
      permits.setQueueTimeoutMs(state.runtime.snapshot.permits.queueTimeoutMs);
      records.recorder.setAllowedModels(modelLabels(settings));
      listeners.renew(settings.certificates);
      retire(before, state.runtime);
    },
    async setBreaker(upstream, to) {
      state.runtime.upstreams.get(upstream)?.breaker.force(to);
    },
    async breakers() {
      return Object.fromEntries([...state.runtime.upstreams].map(([name, each]) => [name, each.breaker.state()]));
    },
    requests: async (limit) => records.journal.last(limit),
    shadow: async () => records.shadow.snapshot(),
    cacheUse: async () => ({ hits: state.runtime.profiles.hits(), misses: state.runtime.profiles.misses() }),
    ...createEnd(clock, state, act, listeners),
  };
}

type LoopState = { runtime: Runtime; draining: boolean; stopping: boolean };

/** How a loop comes to its end: it waits for its calls, or cuts them off. */
function createEnd(clock: Clock, state: LoopState, act: Act, listeners: Listeners): Pick<EventLoop, "drain" | "stop"> {
  const nextCheck = (): Promise<void> => new Promise((resolve) => void clock.wake(drainCheckMs, resolve));
  const recording = (): boolean => act.open() > 0 || listeners.upgraded() > 0;
  return {
    async drain() {
      state.draining = true;
      listeners.drain();
      while (recording() || listeners.open() > 0) await nextCheck();
      listeners.drain();
    },
    async stop() {
      state.stopping = true;
      listeners.destroy();
      for (let checks = 0; checks < maxStopChecks && recording(); checks += 1) await nextCheck();
      for (const { upstream, breaker } of state.runtime.upstreams.values()) {
        breaker.shutdown();
        void upstream.close();
      }
    },
  };
}

/** Where the outcomes of this loop go. */
function createRecords(options: EventLoopOptions): Emitters {
  const recorder = createRecorder({
    values: new Float64Array(options.memory.metrics[options.worker]!),
    allowedModels: modelLabels(options.settings),
    known: options.knownSeries,
    onSeries: options.onSeries,
  });
  return { recorder, log: options.log, journal: createJournal(keptOutcomes), shadow: createShadowStore() };
}

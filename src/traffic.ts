import { createAct, type Act, type ActDeps } from "./act/act.ts";
import type { Loop } from "./act/play.ts";
import { createUpgrade, type Upgrade } from "./act/upgrade.ts";
import { createWheel } from "./act/wheel.ts";
import { createShadowStore, type ShadowSnapshot } from "./core/compare.ts";
import { createTokenCounter } from "./core/tokens.ts";
import type { Outcome } from "./core/types.ts";
import { dialects } from "./core/wire/index.ts";
import type { Runtime } from "./act/runtime.ts";
import { createEmit, type Emitters } from "./emit/emit.ts";
import { createJournal } from "./emit/journal.ts";
import type { Log } from "./emit/log.ts";
import { createRecorder } from "./emit/recorder.ts";
import type { Series } from "./emit/series.ts";
import { createExtProcPort } from "./ingress/ext-proc/port.ts";
import { createHandler, createUpgradeHandler } from "./ingress/http.ts";
import { createPort } from "./ingress/port.ts";
import type { BreakerState } from "./limits/breaker.ts";
import type { Clock } from "./limits/clock.ts";
import { createPermits } from "./limits/permits.ts";
import type { Settings } from "./config/load.ts";
import type { NodeMemory } from "./node.ts";
import { buildRuntime, modelLabels, retire } from "./runtime.ts";

/** What one event loop with traffic is given. */
export type TrafficOptions = {
  readonly worker: number;
  readonly memory: NodeMemory;
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

/** Where event loops listen. */
export type Address = {
  readonly traffic: { readonly host: string; readonly port: number };
  /** Undefined when Envoy's ext_proc filter is not served. */
  readonly extProc: { readonly host: string; readonly port: number } | undefined;
  /** Several threads listen on the same ports. */
  readonly shared: boolean;
};

/** The ports really bound. */
export type Ports = { readonly traffic: number; readonly extProc: number | undefined };

/** One event loop with traffic, as the main thread sees it, whether it runs there or in a worker. */
export type Traffic = {
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

/**
 * Builds one event loop: port, core, act and one timer wheel.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export function createTraffic(options: TrafficOptions): Traffic {
  const { clock } = options;
  const loop: Loop = { clock, wheel: createWheel(clock) };
  const state: LoopState = { runtime: buildRuntime(options, options.settings, loop, undefined), draining: false };
  const records = createRecords(options);
  const { queueTimeoutMs } = state.runtime.snapshot.permits;
  const permits = createPermits({ memory: options.memory.permits, worker: options.worker, clock, queueTimeoutMs });
  const deps: ActDeps = {
    loop,
    permits,
    count: createTokenCounter(),
    runtime: () => state.runtime,
    emit: createEmit(records),
    wallClockMs: options.wallClockMs,
  };
  const act = createAct(deps);
  const doors = createDoors(options, state, act, createUpgrade(deps));
  const busy = (): boolean => act.open() > 0 || doors.open() > 0;

  return {
    listen: (address) => doors.listen(address),
    async apply(settings) {
      const before = state.runtime;
      state.runtime = buildRuntime(options, settings, loop, before);
      permits.setQueueTimeoutMs(state.runtime.snapshot.permits.queueTimeoutMs);
      records.recorder.setAllowedModels(modelLabels(settings));
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
    async drain() {
      state.draining = true;
      doors.drain();
      while (busy()) await new Promise<void>((resolve) => void clock.wake(drainCheckMs, resolve));
      doors.drain();
    },
    async stop() {
      doors.destroy();
      for (const { upstream, breaker } of state.runtime.upstreams.values()) {
        breaker.shutdown();
        void upstream.close();
      }
    },
  };
}

type LoopState = { runtime: Runtime; draining: boolean };

/** Where the outcomes of this loop go. */
function createRecords(options: TrafficOptions): Emitters {
  const recorder = createRecorder({
    values: new Float64Array(options.memory.metrics[options.worker]!),
    allowedModels: modelLabels(options.settings),
    known: options.knownSeries,
    onSeries: options.onSeries,
  });
  return { recorder, log: options.log, journal: createJournal(keptOutcomes), shadow: createShadowStore() };
}

/** The ways by which calls come into an event loop: the traffic port, and Envoy's ext_proc filter where it is served. */
type Doors = {
  listen(address: Address): Promise<Ports>;
  drain(): void;
  destroy(): void;
  /** What still goes on: calls whose answer has not left whole, and HTTP/2 connections. */
  open(): number;
};

function createDoors(options: TrafficOptions, state: LoopState, act: Act, upgrade: Upgrade): Doors {
  const { listen, extProc } = state.runtime.snapshot;
  const maxBodyBytes = (): number => state.runtime.snapshot.listen.maxBodyBytes;
  const handler = createHandler({ acting: act, maxBodyBytes, draining: () => state.draining });
  const port = createPort({
    ...listen,
    tls: options.settings.tls,
    dialect: dialects[0],
    onRequest: handler.onRequest,
    onUpgrade: createUpgradeHandler(upgrade),
  });
  const envoy =
    extProc === undefined ? undefined : createExtProcPort({ acting: act, maxBodyBytes, observe: extProc.observe });
  return {
    async listen({ traffic, extProc: at, shared }) {
      const bound = await port.listen({ ...traffic, shared });
      return { traffic: bound, extProc: at && (await envoy?.listen({ ...at, shared })) };
    },
    drain() {
      port.drain();
      envoy?.drain();
    },
    destroy() {
      port.destroy();
      envoy?.destroy();
    },
    open: () => handler.open() + upgrade.open() + port.sessions() + (envoy?.open() ?? 0),
  };
}

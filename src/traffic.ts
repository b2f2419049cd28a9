import { createAct, type Act } from "./act/act.ts";
import { createUpstream } from "./act/forward.ts";
import type { Loop } from "./act/play.ts";
import type { Runtime, UpstreamRuntime } from "./act/runtime.ts";
import { createUpgrade } from "./act/upgrade.ts";
import { createWheel } from "./act/wheel.ts";
import { compile } from "./config/compile.ts";
import { createShadowStore, type ShadowSnapshot } from "./core/compare.ts";
import type { UpstreamSettings } from "./core/snapshot.ts";
import { createTokenCounter } from "./core/tokens.ts";
import type { Outcome } from "./core/types.ts";
import { dialects } from "./core/wire/index.ts";
import { createEmit } from "./emit/emit.ts";
import { createJournal } from "./emit/journal.ts";
import type { Log } from "./emit/log.ts";
import { createRecorder } from "./emit/recorder.ts";
import type { Series } from "./emit/series.ts";
import { createHandler, describe, place } from "./ingress/http.ts";
import { createPort, type Port } from "./ingress/port.ts";
import { createBreaker, type BreakerState } from "./limits/breaker.ts";
import type { Clock } from "./limits/clock.ts";
import { createKeys } from "./limits/keys.ts";
import { createPermits } from "./limits/permits.ts";
import { createProfileCache } from "./limits/profiles.ts";
import { createRates } from "./limits/rates.ts";
import type { Settings } from "./config/load.ts";
import type { NodeMemory } from "./node.ts";

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

/** One event loop with traffic, as the main thread sees it, whether it runs there or in a worker. */
export type Traffic = {
  listen(address: { host: string; port: number; shared: boolean }): Promise<number>;
  apply(settings: Settings): Promise<void>;
  setBreaker(upstream: string, state: BreakerState): Promise<void>;
  breakers(): Promise<Record<string, BreakerState>>;
  requests(limit: number): Promise<readonly Outcome[]>;
  shadow(): Promise<ShadowSnapshot>;
  cacheUse(): Promise<{ hits: number; misses: number }>;
  /** Resolves when the last open call has ended. */
  drain(): Promise<void>;
  stop(): Promise<void>;
};

/** Models that may be metric labels: those the configuration and the profiles name. */
function modelLabels({ config, profiles }: Settings): string[] {
  const globs = profiles.flatMap(({ name, models }) => [name, ...models]).filter((name) => !name.includes("*"));
  return [...new Set([...(config.models ?? []), ...globs])];
}

/** How often a draining loop looks whether its calls have ended. */
const drainCheckMs = 20;

/**
 * Builds one event loop: port, core, act and one timer wheel.
 *
 * @throws CONFIG_INVALID when the settings do not compile
 */
export function createTraffic(options: TrafficOptions): Traffic {
  const { clock, memory, worker } = options;
  const loop: Loop = { clock, wheel: createWheel(clock) };
  const journal = createJournal(1000);
  const shadow = createShadowStore();
  let runtime = createRuntime(options, options.settings, loop, undefined);
  let draining = false;

  const permits = createPermits({
    memory: memory.permits,
    worker,
    clock,
    queueTimeoutMs: runtime.snapshot.permits.queueTimeoutMs,
  });
  const recorder = createRecorder({
    values: new Float64Array(memory.metrics[worker]!),
    allowedModels: modelLabels(options.settings),
    known: options.knownSeries,
    onSeries: options.onSeries,
  });
  const emit = createEmit({ recorder, log: options.log, journal, shadow });
  const deps = {
    loop,
    permits,
    count: createTokenCounter(),
    runtime: () => runtime,
    emit,
    wallClockMs: options.wallClockMs,
  };
  const act: Act = createAct(deps);
  const upgrade = createUpgrade(deps);
  const handler = createHandler({
    acting: act,
    maxBodyBytes: () => runtime.snapshot.listen.maxBodyBytes,
    draining: () => draining,
  });
  const { listen } = runtime.snapshot;
  const port: Port = createPort({
    ...listen,
    tls: options.settings.tls,
    dialect: dialects[0]!,
    onRequest: handler,
    onUpgrade(incoming, socket, head) {
      upgrade({ ...describe(incoming), ...place(incoming.url ?? "/") }, incoming, socket, head);
    },
  });

  return {
    listen: (address) => port.listen(address),
    async apply(settings) {
      const before = runtime;
      runtime = createRuntime(options, settings, loop, before);
      permits.setQueueTimeoutMs(runtime.snapshot.permits.queueTimeoutMs);
      recorder.setAllowedModels(modelLabels(settings));
      retire(before, runtime);
    },
    async setBreaker(upstream, state) {
      runtime.upstreams.get(upstream)?.breaker.force(state);
    },
    async breakers() {
      return Object.fromEntries([...runtime.upstreams].map(([name, each]) => [name, each.breaker.state()]));
    },
    requests: async (limit) => journal.last(limit),
    shadow: async () => shadow.snapshot(),
    cacheUse: async () => ({ hits: runtime.profiles.hits(), misses: runtime.profiles.misses() }),
    async drain() {
      draining = true;
      port.drain();
      while (act.open() > 0) await new Promise<void>((resolve) => void clock.wake(drainCheckMs, resolve));
      port.drain();
    },
    async stop() {
      port.destroy();
      for (const { upstream, breaker } of runtime.upstreams.values()) {
        breaker.shutdown();
        void upstream.close();
      }
    },
  };
}

/** Builds what a snapshot needs, keeping the upstreams that did not change with their connections and breakers. */
function createRuntime(options: TrafficOptions, settings: Settings, loop: Loop, before: Runtime | undefined): Runtime {
  const snapshot = compile(settings);
  const upstreams = new Map<string, UpstreamRuntime>();
  for (const wanted of snapshot.upstreams.values()) {
    const old = before?.snapshot.upstreams.get(wanted.name);
    const kept = old !== undefined && JSON.stringify(old) === JSON.stringify(wanted) ? before?.upstreams.get(wanted.name) : undefined;
    upstreams.set(wanted.name, kept ?? createUpstreamRuntime(options, wanted, loop));
  }
  return {
    snapshot,
    keys: snapshot.keys.length === 0 ? undefined : createKeys(snapshot.keys),
    rates: snapshot.rateLimits.some((limit) => limit.requestsPerMinute !== undefined || limit.tokensPerMinute !== undefined)
      ? createRates({ memory: options.memory.rates, clock: options.clock, limits: snapshot.rateLimits })
      : undefined,
    profiles: createProfileCache({ profiles: snapshot.profiles, fallback: snapshot.defaultProfile, max: 500 }),
    upstreams,
  };
}

function createUpstreamRuntime(options: TrafficOptions, settings: UpstreamSettings, loop: Loop): UpstreamRuntime {
  return {
    upstream: createUpstream(settings, loop),
    breaker: createBreaker({
      name: settings.name,
      ...settings.breaker,
      onChange: (state) => options.onBreaker(settings.name, state),
    }),
    whenOpen: settings.breaker.whenOpen,
    apiKey: settings.apiKey,
  };
}

/** Calls under way keep the upstream they use; it closes when they are done. */
function retire(before: Runtime, now: Runtime): void {
  for (const [name, old] of before.upstreams) {
    if (now.upstreams.get(name) === old) continue;
    old.breaker.shutdown();
    void old.upstream.close();
  }
}

import type { Loop, Runtime, UpstreamRuntime } from "../act/types.ts";
import { createUpstream } from "../act/upstream.ts";
import { compile } from "../config/compile.ts";
import type { Settings } from "../config/load.ts";
import type { Snapshot, UpstreamSettings } from "../core/snapshot.ts";
import { dialectNamed } from "../core/dialects/index.ts";
import { createBreaker, type BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import { createKeys } from "../limits/keys.ts";
import { createProfileCache } from "../limits/profile-cache.ts";
import { createRates } from "../limits/rates.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** What the runtime of one event loop is built with. */
export type RuntimeOptions = {
  readonly memory: Pick<SharedMemory, "rates">;
  readonly loop: Loop;
  onBreaker(upstream: string, state: BreakerState): void;
};

/** Builds what a snapshot needs, keeping the upstreams that did not change with their connections and breakers. */
export function buildRuntime(options: RuntimeOptions, settings: Settings, before: Runtime | undefined): Runtime {
  const { memory, loop } = options;
  const snapshot = compile(settings);
  const upstreams = new Map<string, UpstreamRuntime>();
  for (const wanted of snapshot.upstreams.values()) {
    const old = before?.snapshot.upstreams.get(wanted.name);
    const kept =
      old !== undefined && JSON.stringify(old) === JSON.stringify(wanted)
        ? before?.upstreams.get(wanted.name)
        : undefined;
    upstreams.set(wanted.name, kept ?? createUpstreamRuntime(options, wanted));
  }
  return { snapshot, ...limitsOf(snapshot, memory.rates, loop.clock), upstreams };
}

/**
 * What a snapshot needs to admit and simulate calls.
 *
 * @param rates memory from `createRateMemory`
 */
export function limitsOf(
  snapshot: Snapshot,
  rates: SharedArrayBuffer,
  clock: Clock,
): Pick<Runtime, "keys" | "rates" | "profiles"> {
  const { keys, rateLimits, profiles, defaultProfile } = snapshot;
  const isLimited = rateLimits.some(
    (limit) => limit.requestsPerMinute !== undefined || limit.tokensPerMinute !== undefined,
  );
  return {
    keys: keys.length === 0 ? undefined : createKeys(keys),
    rates: isLimited ? createRates({ memory: rates, clock, limits: rateLimits }) : undefined,
    profiles: createProfileCache({ profiles, fallback: defaultProfile, max: 500 }),
  };
}

function createUpstreamRuntime({ loop, onBreaker }: RuntimeOptions, settings: UpstreamSettings): UpstreamRuntime {
  return {
    upstream: createUpstream(settings, loop),
    breaker: createBreaker({
      name: settings.name,
      clock: loop.clock,
      ...settings.breaker,
      onChange: (state) => onBreaker(settings.name, state),
    }),
    whenOpen: settings.breaker.whenOpen,
    credential: settings.apiKey === undefined ? undefined : dialectNamed(settings.dialect)?.credential(settings.apiKey),
  };
}

/** Calls under way keep the upstream they use; it closes when they are done. */
export function retire(before: Runtime, now: Runtime): void {
  for (const [name, old] of before.upstreams) {
    if (now.upstreams.get(name) === old) continue;
    old.breaker.shutdown();
    void old.upstream.close();
  }
}

/** Models that may be metric labels: those the configuration and the profiles name. */
export function modelLabels({ config, profiles }: Settings): string[] {
  const globs = profiles.flatMap(({ name, models }) => [name, ...models]).filter((name) => !name.includes("*"));
  return [...new Set([...(config.models ?? []), ...globs])];
}

import type { CopiesUnderWay } from "../act/mirror/copy-of-call.ts";
import { createMirrors } from "../act/mirror/mirrors.ts";
import type { Loop, Mirrors, Runtime, UpstreamRuntime } from "../act/types.ts";
import { createUpstream } from "../act/upstream.ts";
import { compile } from "../config/compile.ts";
import type { Settings } from "../config/load.ts";
import type { Header } from "../core/dialects/types.ts";
import type { Snapshot, UpstreamSettings } from "../core/snapshot.ts";
import { dialectNamed } from "../core/dialects/index.ts";
import { createPriceList, type PriceList } from "../core/prices/price-list.ts";
import { createBudget, type Budget } from "../limits/budgets/budget.ts";
import { budgetCounts } from "../limits/budgets/counts.ts";
import { createBreaker, type Breaker, type BreakerState } from "../limits/breaker.ts";
import type { Clock } from "../limits/clock.ts";
import type { ForcedBreakers } from "../limits/forced-breakers.ts";
import { createKeys } from "../limits/keys.ts";
import { probeSlot } from "../limits/probe-slots.ts";
import { createProfileCache, type FindLearned } from "../limits/profile-cache.ts";
import { createRates } from "../limits/rates.ts";
import { createReplays } from "../limits/replays.ts";
import type { LoopSharing } from "./fleet/sharing.ts";
import type { SharedMemory } from "./shared-memory.ts";

/** What the runtime of one event loop is built with. */
export type RuntimeOptions = {
  readonly memory: Pick<SharedMemory, "rates" | "probes" | "mirrors" | "budgets" | "pseudonym">;
  /** Number of the event loop, from 0. */
  readonly worker: number;
  readonly loop: Loop;
  /** Absent where nothing is learned. */
  readonly learned?: FindLearned;
  readonly copies: CopiesUnderWay;
  /** Absent where nothing is shared with other nodes. */
  readonly sharing?: Pick<LoopSharing, "ratesOf"> | undefined;
  /** Absent where no breaker can be forced. */
  readonly forced?: ForcedBreakers;
  onBreaker(upstream: string, state: BreakerState): void;
  /** Milliseconds since 1970. */
  wallClockMs(): number;
};

/** Builds what a snapshot needs, keeping the upstreams that did not change with their connections and breakers. */
export function buildRuntime(options: RuntimeOptions, settings: Settings, before: Runtime | undefined): Runtime {
  const { memory, loop, learned, sharing } = options;
  const snapshot = compile(settings);
  const upstreams = new Map<string, UpstreamRuntime>();
  const prices = createPriceList(snapshot.prices);
  for (const wanted of snapshot.upstreams.values()) {
    const built = keptUpstream(wanted, before) ?? createUpstreamRuntime(options, wanted);
    const budget = budgetOf(options, wanted, prices);
    const isAsItWas = budget === undefined && built.budget === undefined;
    upstreams.set(wanted.name, isAsItWas ? built : { ...built, budget });
  }
  const mirrors = mirrorsOf(options, snapshot);
  const limits = limitsOf(snapshot, memory.rates, { clock: loop.clock, learned });
  const sharedRates = limits.rates === undefined ? undefined : sharing?.ratesOf(snapshot, memory.rates);
  return { snapshot, ...limits, sharedRates, upstreams, mirrors };
}

function mirrorsOf({ memory, loop, copies, wallClockMs }: RuntimeOptions, snapshot: Snapshot): Mirrors | undefined {
  const decisions = [...snapshot.rules.map(({ decision }) => decision), snapshot.fallback];
  const targets = decisions.flatMap(({ copy }) => copy ?? []);
  if (targets.length === 0) return undefined;
  const limits = targets.map(({ maxPerMinute, maxTokensPerMinute }) => {
    return { requestsPerMinute: maxPerMinute, tokensPerMinute: maxTokensPerMinute };
  });
  const rates = createRates({ memory: memory.mirrors, clock: loop.clock, limits });
  const { seed, upstreams } = snapshot;
  const dialects = new Map([...upstreams].map(([name, { dialect }]) => [name, dialect]));
  return createMirrors({
    seed,
    loop,
    pseudonym: memory.pseudonym,
    targets,
    rates,
    dialects,
    underWay: copies,
    wallClockMs,
  });
}

/**
 * What a snapshot needs to admit and simulate calls.
 *
 * @param rates memory from `createRateMemory`
 */
export function limitsOf(
  snapshot: Snapshot,
  rates: SharedArrayBuffer,
  { clock, learned }: { readonly clock: Clock; readonly learned?: FindLearned | undefined },
): Pick<Runtime, "keys" | "rates" | "profiles" | "replays"> {
  const { keys, keyMode, rateLimits, profiles, defaultProfile, recordings, seed } = snapshot;
  const isLimited = rateLimits.some(
    (limit) => limit.requestsPerMinute !== undefined || limit.tokensPerMinute !== undefined,
  );
  return {
    keys: keys.length === 0 ? undefined : createKeys(keys, keyMode),
    rates: isLimited ? createRates({ memory: rates, clock, limits: rateLimits }) : undefined,
    profiles: createProfileCache({ profiles, fallback: defaultProfile, max: 500, learned }),
    replays: createReplays(recordings, seed),
  };
}

/** What is used up of it is told by the name of the upstream, whatever else of that changes. */
function budgetOf(
  { memory, wallClockMs }: RuntimeOptions,
  { name, budget: settings }: UpstreamSettings,
  prices: PriceList,
): Budget | undefined {
  if (settings === undefined) return undefined;
  const counts = budgetCounts(memory.budgets, name, wallClockMs);
  return createBudget({ upstream: name, settings, counts, prices, wallClockMs });
}

/** The upstream as it was, if nothing but its API key and its budget has changed. */
function keptUpstream(wanted: UpstreamSettings, before: Runtime | undefined): UpstreamRuntime | undefined {
  const [was, kept] = [before?.snapshot.upstreams.get(wanted.name), before?.upstreams.get(wanted.name)];
  if (was === undefined || kept === undefined || !isSame(connectionOf(was), connectionOf(wanted))) return undefined;
  return was.apiKey === wanted.apiKey ? kept : { ...kept, credential: credentialOf(wanted) };
}

function connectionOf(settings: UpstreamSettings): UpstreamSettings {
  return { ...settings, apiKey: undefined, budget: undefined };
}

function isSame(a: UpstreamSettings, b: UpstreamSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function credentialOf({ apiKey, dialect }: UpstreamSettings): Header | undefined {
  return apiKey === undefined ? undefined : dialectNamed(dialect)?.credential(apiKey);
}

function createUpstreamRuntime(options: RuntimeOptions, settings: UpstreamSettings): UpstreamRuntime {
  return {
    upstream: createUpstream(settings, options.loop),
    breaker: breakerOf(options, settings),
    whenOpen: settings.breaker?.whenOpen ?? "forward",
    credential: credentialOf(settings),
  };
}

function breakerOf(
  { memory, worker, loop, forced, onBreaker }: RuntimeOptions,
  { name, breaker }: UpstreamSettings,
): Breaker | undefined {
  if (breaker === undefined) return undefined;
  const made = createBreaker({
    name,
    clock: loop.clock,
    ...breaker,
    probe: probeSlot(memory.probes, name, worker),
    onChange: (state) => onBreaker(name, state),
  });
  return forced?.around(name, made) ?? made;
}

/** Calls under way, and copies of calls, keep the upstream they use; it closes when they are done. */
export function retire(before: Runtime, now: Runtime): void {
  for (const [name, old] of before.upstreams) {
    if (now.upstreams.get(name)?.upstream === old.upstream) continue;
    old.breaker?.shutdown();
    void old.upstream.close();
  }
}

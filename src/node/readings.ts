import type { AuditLog } from "../admin/audit.ts";
import type { GivenConfiguration } from "../admin/given-configuration.ts";
import type { Breakers } from "../admin/breakers.ts";
import type { Experiments } from "../admin/chaos.ts";
import type { ConfigSource, NodeParts, NodeStatus, NodeView } from "../admin/resource.ts";
import { exemplars } from "../admin/resources/metrics.ts";
import { breakers } from "../admin/resources/status.ts";
import type { Config } from "../config/schema.ts";
import { profileText } from "../config/sections/profile-text.ts";
import { driftRatios } from "../core/shadow/drift.ts";
import { otherLabel } from "../emit/catalog.ts";
import { redactText } from "../emit/redact.ts";
import type { EngineUse } from "../emit/exposition/vllm.ts";
import { createScrape, type Reading } from "../emit/metrics.ts";
import { wallClockMs, type Clock } from "../limits/clock.ts";
import type { EventLoops } from "./event-loops.ts";
import type { RunningExperiments } from "./experiments/experiments.ts";
import { experimentTexts } from "./experiments/texts.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { fleetReadings } from "./fleet/fleet-readings.ts";
import { conditionsText, servingText } from "./configuration/rule-texts.ts";
import { createConfigurationView } from "./configuration/view.ts";
import { clientReadings } from "./client-readings.ts";
import { metricLabels } from "./metric-labels.ts";
import { recordCounts } from "../admin/resources/records.ts";
import { cacheUse, driftOfShadow, heldConnections, memoryUse, spanCounts } from "./questions.ts";
import type { Reloader } from "./reload.ts";

/** What a node tells about itself is read from. */
export type ReadingsOptions = {
  readonly version: string;
  readonly clock: Clock;
  readonly eventLoops: EventLoops;
  readonly reloader: Reloader;
  readonly experiments: Experiments & Pick<RunningExperiments, "readings">;
  readonly audit: AuditLog;
  readonly given: GivenConfiguration;
  readonly breakers: Breakers;
  /** Undefined where nothing is shared with other nodes. */
  readonly fleet: Fleet | undefined;
  droppedLogLines(): number;
  isReady(): boolean;
  isDraining(): boolean;
  /** Where the configuration comes from. */
  source(): ConfigSource;
  /** Whether the node is registered as a service; undefined where it is not to be. */
  isRegistered(): boolean | undefined;
};

/** Makes what the admin API sees of the node. */
export function createNodeView(options: ReadingsOptions): NodeView {
  const { clock, eventLoops, reloader, experiments, audit, given, isReady } = options;
  const startedAtMs = clock.now();
  const scrape = createScrape({
    workers: () => eventLoops.values(),
    readings: () => readings(options),
    engines: () => enginesOf(options),
  });
  return {
    isReady,
    status: () => status(options, startedAtMs),
    config: () => withoutCredentials(reloader.settings().config),
    configuration: createConfigurationView(reloader),
    experiments,
    audit,
    given,
    experimentTexts,
    profiles: { all: () => reloader.settings().profiles, text: profileText },
    breakers: options.breakers,
    clients: eventLoops.clients,
    fleet: options.fleet,
    budgets: eventLoops.budgets.uses,
    reload: reloader.reload,
    metrics: async (form) =>
      form === "openMetrics" ? await scrape.openMetrics(await eventLoops.ask(exemplars)) : await scrape[form](),
    parts: () => partsOf(reloader.settings().config),
    totals: scrape.totals,
    ask: eventLoops.ask,
    get: eventLoops.get,
    set: eventLoops.set,
  };
}

function partsOf({ rules, default: fallback, upstreams, experiments }: Config): NodeParts {
  const all = [...rules, { ...fallback, name: "default", match: {} }];
  return {
    rules: all.map((rule) => ({
      name: rule.name,
      serve: servingText(rule),
      when: conditionsText(rule.match),
      faults: rule.faults.map(({ kind }) => kind),
    })),
    upstreams: Object.entries(upstreams).map(([name, { url, urls = [] }]) => ({
      name,
      urls: url === undefined ? urls : [url],
    })),
    experiments: experiments.map(({ name }) => name),
  };
}

/** The configuration as it may be shown: the URLs of a proxy and of Redis can hold a password. */
function withoutCredentials(config: Config): Config {
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) => {
    const { proxyUrl } = upstream;
    return [name, proxyUrl === undefined ? upstream : { ...upstream, proxyUrl: redactText(proxyUrl) }];
  });
  return { ...config, upstreams: Object.fromEntries(upstreams), ...sharedShown(config) };
}

function sharedShown({ shared }: Config): Pick<Config, "shared"> {
  if (shared === undefined) return {};
  const { url } = shared.redis;
  return { shared: { redis: { ...shared.redis, ...(url !== undefined && { url: redactText(url) }) } } };
}

function status(
  { version, clock, eventLoops, reloader, isDraining, source }: ReadingsOptions,
  startedAtMs: number,
): NodeStatus {
  const { count, permits } = eventLoops;
  const { config, generation, hash } = reloader.settings();
  return {
    version,
    uptimeSeconds: Math.floor((clock.now() - startedAtMs) / 1000),
    workers: count,
    generation,
    ...(hash !== undefined && { hash }),
    source: source(),
    inFlight: permits.inFlight(),
    waiting: permits.waiting(),
    permits: { max: config.permits.max, available: permits.available() },
    draining: isDraining(),
  };
}

/** What the engines of profiles are doing that any call has entered. */
function enginesOf({ eventLoops, reloader }: ReadingsOptions): EngineUse[] {
  return reloader.settings().profiles.flatMap(({ name, engine }) => {
    const use = engine === undefined ? undefined : eventLoops.engineUse(name);
    if (engine === undefined || use === undefined) return [];
    const { kvCacheTokens } = engine;
    const { running, waiting, tokens } = use;
    return { name, running, waiting, cacheUsed: kvCacheTokens === undefined ? undefined : tokens / kvCacheTokens };
  });
}

/** What waits in the event loops. */
async function waitingReadings(eventLoops: ReadingsOptions["eventLoops"]): Promise<Reading[]> {
  const memory = await eventLoops.ask(memoryUse);
  return [
    { name: "held_connections", value: await eventLoops.ask(heldConnections) },
    { name: "planned_bytes", value: memory.used },
    { name: "planned_bytes_limit", value: memory.max },
  ];
}

/** How far the simulation is from what it stands for. Models that the configuration does not know are one. */
async function driftReadings({ eventLoops, reloader }: ReadingsOptions): Promise<Reading[]> {
  const snapshots = await eventLoops.ask(driftOfShadow, wallClockMs());
  const models = new Set(metricLabels(reloader.settings()).models);
  const ratios = driftRatios(snapshots, (model) => (models.has(model) ? model : otherLabel));
  return ratios.map(({ model, measure, quantile, ratio }): Reading => {
    return { name: "shadow_drift_ratio", labels: [model, measure, String(quantile * 100)], value: ratio };
  });
}

/** Absent where no records are kept. */
async function recordReadings({ eventLoops, reloader }: ReadingsOptions): Promise<Reading[]> {
  if (reloader.settings().config.records === undefined) return [];
  const { written, dropped } = await eventLoops.ask(recordCounts);
  return [
    { name: "records_written_total", value: written },
    { name: "records_dropped_total", value: dropped },
  ];
}

/** What there is to say of a store and of a registration is told only where there is one. */
function sourceReadings({ reloader, source, isRegistered }: ReadingsOptions): Reading[] {
  const { from, reachable, copy } = source();
  const registered = isRegistered();
  return [
    { name: "config_info", labels: [from, reloader.settings().hash ?? ""], value: 1 },
    ...gauge("config_store_up", reachable, [from]),
    ...gauge("config_from_copy", copy, [from]),
    ...gauge("registered", registered),
  ];
}

function gauge(name: Reading["name"], value: boolean | undefined, labels: readonly string[] = []): Reading[] {
  return value === undefined ? [] : [{ name, labels, value: value ? 1 : 0 }];
}

function budgetReadings({ budgets }: ReadingsOptions["eventLoops"]): Reading[] {
  return budgets.uses().flatMap(({ upstream, kind, limit, used }): Reading[] => {
    const labels = [upstream, kind];
    return [
      { name: "budget_limit", labels, value: limit },
      { name: "budget_used", labels, value: used },
      { name: "budget_used_ratio", labels, value: used / limit },
    ];
  });
}

/** Absent where no traces are made. */
async function spanReadings({ eventLoops, reloader }: ReadingsOptions): Promise<Reading[]> {
  if (reloader.settings().config.tracing === undefined) return [];
  const { exported, dropped } = await eventLoops.ask(spanCounts);
  return [
    { name: "trace_spans_exported_total", value: exported },
    { name: "trace_spans_dropped_total", value: dropped },
  ];
}

function forcedReadings({ breakers }: ReadingsOptions): Reading[] {
  return breakers
    .forced()
    .map(({ upstream, state }) => ({ name: "breaker_forced", labels: [upstream, state], value: 1 }));
}

const breakerNumber = { closed: 0, open: 1, "half-open": 2 };

/** What is asked for at each scrape. */
async function readings(options: ReadingsOptions): Promise<Reading[]> {
  const { version, eventLoops, reloader, isReady } = options;
  const { permits } = eventLoops;
  const cache = await eventLoops.ask(cacheUse);
  const states = Object.entries(await eventLoops.ask(breakers));
  const { config, generation } = reloader.settings();
  const { success, error, lastOk, lastSuccessMs } = reloader.tally();
  return [
    { name: "inflight", value: permits.inFlight() },
    { name: "limit", value: config.permits.max },
    { name: "permit_utilisation", value: permits.utilisation() },
    { name: "queue_depth", value: permits.waiting() },
    { name: "queue_timeouts_total", value: permits.queueTimeouts() },
    { name: "queue_refusals_total", value: permits.queueRefusals() },
    ...(await waitingReadings(eventLoops)),
    ...states.map(([upstream, state]): Reading => {
      return { name: "breaker_state", labels: [upstream], value: breakerNumber[state] };
    }),
    ...forcedReadings(options),
    { name: "config_generation", value: generation },
    { name: "config_reloads_total", labels: ["success"], value: success },
    { name: "config_reloads_total", labels: ["error"], value: error },
    { name: "config_last_reload_ok", value: lastOk ? 1 : 0 },
    { name: "config_last_success_timestamp_seconds", value: lastSuccessMs / 1000 },
    ...sourceReadings(options),
    { name: "profile_cache_hits_total", value: cache.hits },
    { name: "profile_cache_misses_total", value: cache.misses },
    ...budgetReadings(eventLoops),
    ...(await driftReadings(options)),
    ...clientReadings(eventLoops.clients.read(), metricLabels(reloader.settings()).keys ?? []),
    ...options.experiments.readings(),
    ...(await recordReadings(options)),
    ...fleetReadings(options.fleet),
    ...(await spanReadings(options)),
    { name: "log_dropped_total", value: options.droppedLogLines() },
    { name: "build_info", labels: [version], value: 1 },
    { name: "ready", value: isReady() ? 1 : 0 },
  ];
}

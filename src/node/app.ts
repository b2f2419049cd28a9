import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { StuntdoubleError } from "../core/errors.ts";
import { adminTokenOf } from "../config/admin-token.ts";
import type { Settings } from "../config/load.ts";
import { restartPaths } from "../config/restart.ts";
import type { Log } from "../emit/log.ts";
import { createScrape, type Reading } from "../emit/metrics.ts";
import { createEventLoops, type EventLoops } from "./event-loops.ts";
import { createAdmin, type Reload, type Status } from "../admin/server.ts";
import type { Clock } from "../limits/clock.ts";

/** What a node is built from. */
export type AppOptions = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  wallClockMs(): number;
  writeLog(text: string): void;
  /** Loads the configuration anew; undefined when there is no file to load. */
  load?(generation: number): Promise<{ ok: true; settings: Settings } | { ok: false; mistakes: readonly string[] }>;
};

/** A running node. */
export type App = {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Undefined when Envoy's ext_proc filter is not served. */
  readonly extProcPort: number | undefined;
  /** Takes up a changed configuration whole, or keeps the old one and says why. */
  reload(): Promise<Reload>;
  /** Turns unready, lets open calls end within the limit, then stops. @returns true when all calls had ended */
  stop(): Promise<boolean>;
};

/**
 * Builds and starts everything of a node.
 *
 * @throws CONFIG_INVALID when the settings do not compile; the system's error when a port cannot be bound
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { clock } = options;
  const { listen, admin, extProc } = options.settings.config;
  const adminToken = adminTokenOf(options.settings);
  const eventLoops = await createEventLoops(options);
  const state: NodeState = {
    settings: options.settings,
    adminToken,
    startedAtMs: clock.now(),
    ready: false,
    draining: false,
    reloads: { success: 0, error: 0 },
    lastReloadOk: true,
    lastSuccessMs: options.wallClockMs(),
  };
  const reload = serialised(() => reloadOnce(options, eventLoops, state));
  const adminApp = adminOf(options, eventLoops, state, reload);
  try {
    const ports = await eventLoops.listen({ traffic: listen, extProc });
    await adminApp.listen({ host: admin.host, port: admin.port });
    const adminPort = (adminApp.server.address() as AddressInfo).port;
    state.ready = true;
    return {
      trafficPort: ports.traffic,
      extProcPort: ports.extProc,
      adminPort,
      reload,
      stop: () => stop(eventLoops, state, adminApp, options),
    };
  } catch (error) {
    await eventLoops.stop();
    await adminApp.close();
    throw error;
  }
}

type NodeState = {
  settings: Settings;
  adminToken: string | undefined;
  readonly startedAtMs: number;
  ready: boolean;
  draining: boolean;
  readonly reloads: { success: number; error: number };
  lastReloadOk: boolean;
  lastSuccessMs: number;
};

async function stop(
  eventLoops: EventLoops,
  state: NodeState,
  adminApp: FastifyInstance,
  { clock, log }: AppOptions,
): Promise<boolean> {
  state.ready = false;
  state.draining = true;
  const { drainMs } = state.settings.config.listen;
  log.info({ inFlight: eventLoops.permits.inFlight(), drainMs }, "draining");
  let cancel = (): void => {};
  const limit = new Promise<boolean>((resolve) => void (cancel = clock.wake(drainMs, () => resolve(false))));
  const drained = await Promise.race([eventLoops.drain().then(() => true), limit]);
  cancel();
  if (!drained) log.warn({ inFlight: eventLoops.permits.inFlight() }, "the drain limit is reached; calls are cut off");
  await eventLoops.stop();
  await adminApp.close();
  return drained;
}

/** Runs a task again only after the run before it has ended. */
function serialised<Value>(task: () => Promise<Value>): () => Promise<Value> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const run = last.then(task, task);
    last = run;
    return run;
  };
}

async function reloadOnce(options: AppOptions, eventLoops: EventLoops, state: NodeState): Promise<Reload> {
  const { log } = options;
  try {
    if (options.load === undefined)
      throw new StuntdoubleError("CONFIG_INVALID", "The node was started without a configuration file.");
    const loaded = await options.load(state.settings.generation + 1);
    if (!loaded.ok) return refused(loaded.mistakes, state, log);
    const adminToken = adminTokenOf(loaded.settings);
    await eventLoops.apply(loaded.settings);
    state.adminToken = adminToken;
    for (const port of certified)
      if (isRenewed(state.settings.certificates[port], loaded.settings.certificates[port]))
        log.info({ path: `${port}.tls` }, "new connections see the new certificate");
    for (const path of restartPaths(state.settings.config, loaded.settings.config))
      log.warn({ path }, "takes effect after a restart");
    state.settings = loaded.settings;
    state.reloads.success += 1;
    state.lastReloadOk = true;
    state.lastSuccessMs = options.wallClockMs();
    log.info({ generation: loaded.settings.generation }, "configuration in force");
    return { ok: true, generation: loaded.settings.generation };
  } catch (error) {
    return refused([error instanceof Error ? error.message : String(error)], state, log);
  }
}

function refused(mistakes: readonly string[], state: NodeState, log: Log): Reload {
  state.reloads.error += 1;
  state.lastReloadOk = false;
  log.error(
    { mistakes, generation: state.settings.generation },
    "the new configuration is not valid; the old one stays in force",
  );
  return { ok: false, mistakes };
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The ports that can have a certificate, which is the only part of them that can change while they listen. */
const certified = ["listen", "extProc"] as const;

function isRenewed(before: object | undefined, now: object | undefined): boolean {
  return before !== undefined && now !== undefined && !isSame(before, now);
}

function adminOf(options: AppOptions, eventLoops: EventLoops, state: NodeState, reload: () => Promise<Reload>) {
  const scrape = createScrape({
    workers: () => eventLoops.values(),
    readings: () => readings(options.version, eventLoops, state),
  });
  return createAdmin({
    isReady: () => state.ready,
    tokenSha256: () => state.adminToken,
    metrics: () => scrape.text(),
    requests: (limit) => eventLoops.requests(limit),
    shadow: () => eventLoops.shadow(),
    status: () => status(options, eventLoops, state),
    config: () => state.settings.config,
    reload,
    failed: (error) => options.log.error({ error }, "the admin API failed"),
  });
}

async function status({ version, clock }: AppOptions, eventLoops: EventLoops, state: NodeState): Promise<Status> {
  const { permits } = eventLoops;
  return {
    version,
    uptimeSeconds: Math.floor((clock.now() - state.startedAtMs) / 1000),
    workers: eventLoops.loops,
    generation: state.settings.generation,
    inFlight: permits.inFlight(),
    waiting: permits.waiting(),
    permits: { max: state.settings.config.permits.max, available: permits.available() },
    breakers: await eventLoops.breakers(),
    draining: state.draining,
  };
}

const breakerNumber = { closed: 0, open: 1, "half-open": 2 };

async function readings(version: string, eventLoops: EventLoops, state: NodeState): Promise<Reading[]> {
  const { permits } = eventLoops;
  const cache = await eventLoops.cacheUse();
  const breakers = Object.entries(await eventLoops.breakers());
  return [
    { name: "inflight", value: permits.inFlight() },
    { name: "limit", value: state.settings.config.permits.max },
    { name: "permit_utilisation", value: permits.utilisation() },
    { name: "queue_depth", value: permits.waiting() },
    { name: "queue_timeouts_total", value: permits.queueTimeouts() },
    ...breakers.map(([upstream, each]): Reading => ({
      name: "breaker_state",
      labels: [upstream],
      value: breakerNumber[each],
    })),
    { name: "config_generation", value: state.settings.generation },
    { name: "config_reloads_total", labels: ["success"], value: state.reloads.success },
    { name: "config_reloads_total", labels: ["error"], value: state.reloads.error },
    { name: "config_last_reload_ok", value: state.lastReloadOk ? 1 : 0 },
    { name: "config_last_success_timestamp_seconds", value: state.lastSuccessMs / 1000 },
    { name: "profile_cache_hits_total", value: cache.hits },
    { name: "profile_cache_misses_total", value: cache.misses },
    { name: "build_info", labels: [version], value: 1 },
    { name: "ready", value: state.ready ? 1 : 0 },
  ];
}

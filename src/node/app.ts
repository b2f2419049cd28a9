import type { AddressInfo } from "node:net";
import type { NodeReport } from "../core/node-report.ts";
import type { Log } from "../emit/log.ts";
import { backgroundClock, type Clock } from "../limits/clock.ts";
import type { ConfigSource, NodeView, Reload, ReloadCause } from "../admin/resource.ts";
import { createAdmin } from "../admin/server.ts";
import { createAuditLog } from "./admin/audit.ts";
import { createGivenConfiguration, type GivenPlace } from "./admin/given-configuration.ts";
import { createNodeBreakers, type NodeBreakers } from "./breakers.ts";
import type { CallWatch } from "./call-watch.ts";
import { createExperiments, type RunningExperiments } from "./experiments/experiments.ts";
import { createFleet, type Fleet, type FleetOptions } from "./fleet/fleet.ts";
import { nodeReport } from "./fleet/node-report.ts";
import { createEventLoops, type EventLoops } from "./event-loops.ts";
import { inject, type AdminCall, type AdminReply } from "./inject.ts";
import { createLearning, type Learning } from "./learning.ts";
import { forceBreaker } from "./questions.ts";
import { createNodeView } from "./readings.ts";
import { createRegistration, type Registration } from "./registration/consul.ts";
import { createReloader, type Reloader, type ReloaderOptions } from "./reload.ts";

/** What a node is built from. */
export type AppOptions = ReloaderOptions & {
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  writeLog(text: string): void;
  /** Log lines that could not be written so far. */
  droppedLogLines(): number;
  /** What configurations are read with that are sent to the admin API. */
  readonly given?: GivenPlace;
  /** Where the configuration comes from; default: its file, or none. */
  source?(): ConfigSource;
  /** Told of each call; only where there is one event loop, in this thread. */
  readonly watch?: CallWatch;
};

/** A running node. */
export type App = {
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Undefined when Envoy's ext_proc filter is not served. */
  readonly extProcPort: number | undefined;
  /** How many event loops it has. */
  readonly workers: number;
  /** Takes up a changed configuration whole, or keeps the old one and says why. */
  reload(cause: ReloadCause): Promise<Reload>;
  /** The kill switch: no fault acts until it is turned off by the admin API. @param by who asks */
  stopFaults(by: string): Promise<void>;
  /** Asks the admin API without a connection. */
  ask(call: AdminCall): Promise<AdminReply>;
  /** Turns unready, lets open calls end within the limit, then stops. @returns true when all calls had ended */
  stop(): Promise<boolean>;
};

/**
 * Builds and starts everything of a node.
 *
 * @throws CONFIG_INVALID when the settings do not compile; the system's error when a port cannot be bound
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { listen, extProc, admin: adminPlace } = options.settings.config;
  const running = await build(options);
  const { log, eventLoops, reloader, experiments, learning, registration, life, admin, fleet } = running;
  try {
    await Promise.all([experiments.restore(), learning.restore(), eventLoops.budgets.restore()]);
    await fleet?.join();
    const ports = await eventLoops.listen({ traffic: listen, extProc });
    await admin.listen({ host: adminPlace.host, port: adminPlace.port });
    await experiments.autostart();
    learning.start();
    eventLoops.budgets.start();
    life.ready = true;
    const adminPort = portOf(admin.server.address());
    registration.start({ traffic: ports.traffic, admin: adminPort });
    return {
      trafficPort: ports.traffic,
      extProcPort: ports.extProc,
      adminPort,
      workers: eventLoops.count,
      reload: reloader.reload,
      stopFaults: async (by) => {
        await experiments.stopAll(by).catch((error: unknown) => log.error({ error }, "could not let all calls go"));
      },
      ask: (call) => inject(admin, call),
      stop: () => stop(running),
    };
  } catch (error) {
    await end(running);
    throw error;
  }
}

/** All parts of a node, of which none listens yet. */
async function build(options: AppOptions): Promise<Running> {
  const { log } = options;
  const reloader = createReloader(options, (next) => eventLoops.apply(next));
  const eventLoops = await createEventLoops({
    ...options,
    breakerChanged(upstream, state) {
      breakers.changed(upstream, state, "calls");
      if (state !== "half-open") fleet?.breakerChanged(upstream, state);
    },
  });
  const { settings } = reloader;
  const audit = createAuditLog(log, options.wallClockMs);
  const breakers = createNodeBreakers({ ...options, audit, eventLoops, settings });
  const experiments: RunningExperiments = createExperiments({
    ...options,
    audit,
    eventLoops,
    counts: eventLoops.experiments,
    settings,
    changed: settings().config.shared === undefined ? undefined : () => fleet?.changed(),
  });
  const report = (): Promise<NodeReport> => nodeReport(node, options.wallClockMs());
  const fleet = createNodeFleet(options, { eventLoops, breakers, experiments, settings, report });
  const learning = createLearning({ ...options, eventLoops, settings, shared: fleet?.learned });
  const registration = createRegistration({ log, settings, clock: backgroundClock() });
  const life: Life = { ready: false, draining: false, asked: false };
  const told = { isReady: () => life.ready, isDraining: () => life.draining };
  const given = createGivenConfiguration({ reloader, ...options });
  const { source = () => (given.isInForce() ? { from: "api" } : fileSource(options.file)) } = options;
  const { isRegistered } = registration;
  const seen = { eventLoops, reloader, experiments, breakers, audit, given, source, isRegistered, fleet };
  const node = createNodeView({ ...options, ...told, ...seen });
  const admin = createAdmin(noting(node, life), {
    tokenSha256: reloader.adminToken,
    failed: (error) => log.error({ error }, "the admin API failed"),
  });
  return { ...options, eventLoops, reloader, experiments, breakers, learning, registration, life, admin, fleet };
}

/** Has the breaker of an upstream follow that of another node. */
function followWith(eventLoops: EventLoops, breakers: NodeBreakers): FleetOptions["followBreaker"] {
  return (upstream, state) => {
    breakers.changed(upstream, state, "another node");
    return eventLoops.ask(forceBreaker, upstream, state);
  };
}

type Sharing = Pick<Running, "eventLoops" | "breakers" | "experiments"> & Pick<FleetOptions, "settings" | "report">;

/** What shares with other nodes; undefined where nothing is shared. */
function createNodeFleet(options: AppOptions, { eventLoops, breakers, experiments, ...rest }: Sharing) {
  const { count: link, fleet: memory, budgets } = eventLoops;
  const followBreaker = followWith(eventLoops, breakers);
  const sharing = { memory, link, budgets: budgets.shared, followBreaker, experiments: () => experiments };
  return createFleet({ ...options, ...sharing, ...rest });
}

function fileSource(file: string | undefined): ConfigSource {
  return file === undefined ? { from: "built-in" } : { from: "file", at: file };
}

/** Where a node stands; `asked` once somebody has wanted to know whether it is ready. */
type Life = { ready: boolean; draining: boolean; asked: boolean };

/** The node as the admin API sees it, which notes that it is asked. */
function noting(node: NodeView, life: Life): NodeView {
  const isReady = (): boolean => {
    life.asked = true;
    return life.ready;
  };
  return { ...node, isReady };
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** What has been started, and where it stands in its life. */
type Running = Pick<AppOptions, "clock" | "log"> & {
  readonly eventLoops: EventLoops;
  readonly reloader: Reloader;
  readonly experiments: RunningExperiments;
  readonly breakers: NodeBreakers;
  readonly learning: Learning;
  readonly registration: Registration;
  readonly life: Life;
  readonly admin: ReturnType<typeof createAdmin>;
  readonly fleet: Fleet | undefined;
};

/** How long a gateway that asks for readiness may take to notice that it is gone. */
const noticeMs = 5000;

async function stop(running: Running): Promise<boolean> {
  const { clock, log, eventLoops, reloader, registration, life } = running;
  life.ready = false;
  life.draining = true;
  const asked = (await eventLoops.unready()) || life.asked;
  const { drainMs, drainDelayMs = asked ? noticeMs : 0 } = reloader.settings().config.listen;
  log.info({ inFlight: eventLoops.permits.inFlight(), drainDelayMs, drainMs }, "draining");
  const gone = registration.close();
  if (drainDelayMs > 0) await new Promise<void>((resolve) => void clock.wake(drainDelayMs, resolve));
  await gone;
  let cancel = (): void => {};
  const limit = new Promise<boolean>((resolve) => void (cancel = clock.wake(drainMs, () => resolve(false))));
  const drained = await Promise.race([eventLoops.drain().then(() => true), limit]);
  cancel();
  if (!drained) log.warn({ inFlight: eventLoops.permits.inFlight() }, "the drain limit is reached; calls are cut off");
  await end(running);
  return drained;
}

async function end({
  eventLoops,
  experiments,
  breakers,
  learning,
  registration,
  admin,
  fleet,
}: Running): Promise<void> {
  await registration.close();
  await fleet?.leave();
  breakers.close();
  await experiments.close();
  await learning.close();
  await eventLoops.stop();
  await eventLoops.budgets.close();
  await admin.close();
}

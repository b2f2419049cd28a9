import type { Act, ActDeps } from "../act/types.ts";
import { createUpgrade } from "../act/sockets/upgrade.ts";
import type { Settings } from "../config/load.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { BodyOptions } from "../ingress/body.ts";
import { createSenders } from "../ingress/client-address.ts";
import { dialects, operationFinder, type FindOperation } from "../core/dialects/index.ts";
import { createExtProcPort } from "../ingress/ext-proc/port.ts";
import { createCors } from "../ingress/http/cors.ts";
import { createHandler, createUpgradeHandler } from "../ingress/http/handler.ts";
import { createHold } from "../ingress/http/hold.ts";
import { inTurn } from "../ingress/http/pipeline.ts";
import { createProgressWatch } from "../ingress/http/progress.ts";
import { createProxyProtocol } from "../ingress/proxy-protocol.ts";
import { createOverload, type Overload } from "../limits/overload.ts";
import { connectionsOf } from "./open-files.ts";
import { createPort } from "../ingress/port.ts";

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

/** The ways by which calls come into an event loop: the traffic port, and Envoy's ext_proc filter where it is served. */
export type Listeners = {
  listen(address: Address): Promise<Ports>;
  /** Takes other certificates for connections from now on; without effect on a port that speaks no TLS. */
  renew(certificates: Settings["certificates"]): void;
  /** Tells those who ask that no more calls are wanted, and takes them as before. @returns whether Envoy has asked anything yet */
  unready(): boolean;
  /** Takes no new connection, and tells clients to send no more calls on those that are open. */
  announce(): void;
  /** Closes the connections on which no call is open; the others end with their last one. */
  closeIdle(): void;
  destroy(): void;
  connections(): number;
  /** What still goes on besides calls and upgraded connections: responses that have not left whole, HTTP/2 connections. */
  open(): number;
  /** Upgraded connections that have not been recorded yet. */
  upgraded(): number;
  /** Connections that are not read until there is time for their requests. */
  held(): number;
};

type ListenersOptions = {
  readonly settings: Settings;
  readonly deps: ActDeps;
  readonly act: Act;
  /** Event loops that share the limits of the node. */
  readonly loops: number;
  /** True while shutting down: connections are closed after their response. */
  draining(): boolean;
};

/** A PROXY protocol header must have arrived by then. */
const proxyHeaderTimeoutMs = 10_000;

/** What is read of a connection besides its requests, and who is at its other end. */
function peersOf(listen: Snapshot["listen"]) {
  const proxyProtocol = listen.proxyProtocol ? createProxyProtocol(proxyHeaderTimeoutMs) : undefined;
  return { proxyProtocol, senders: createSenders({ ...listen, addressOf: proxyProtocol?.addressOf }) };
}

/** What every way in is made with. */
function ingressOf({ deps: { runtime, memory }, act }: ListenersOptions) {
  const findOperation: FindOperation = (...asked) => operationFinder(runtime().snapshot.upstreams)(...asked);
  const bodies: BodyOptions = {
    maxBytes: () => runtime().snapshot.listen.maxBodyBytes,
    maxForwardedBytes: () => runtime().snapshot.listen.maxForwardedBodyBytes ?? Infinity,
    memory,
  };
  return { acting: act, bodies, findOperation };
}

/** Refuses calls while the event loop is too busy. */
function overloadOf({ loop: { clock }, runtime }: ActDeps, flooded: () => void): Overload {
  const maxLagMs = (): number => {
    const { limits } = runtime().snapshot;
    return limits.overload === "off" ? Infinity : limits.maxLagMs;
  };
  return createOverload({ clock, maxLagMs, flooded });
}

/** Refuses a client that makes no progress. */
function patienceOf({ loop, runtime }: ActDeps) {
  const { sendTimeoutMs, bodyTimeoutMs } = runtime().snapshot.listen;
  return {
    sendTimeout: createProgressWatch(sendTimeoutMs, loop.clock),
    bodyTimeout: createProgressWatch(bodyTimeoutMs, loop.clock),
    gaveUpOn: new WeakSet(),
  };
}

/** Makes the traffic port of one event loop. */
function createTraffic(options: ListenersOptions, overload: Overload) {
  const { settings, deps, loops, draining } = options;
  const ingress = ingressOf(options);
  const { snapshot } = deps.runtime();
  const { listen } = snapshot;
  const { proxyProtocol, senders } = peersOf(listen);
  const { sendTimeout, bodyTimeout, gaveUpOn } = patienceOf(deps);
  const upgrade = createUpgrade(deps);
  const common = { sendTimeout, gaveUpOn, hold: createHold(overload) };
  const told = { senders, draining, waiting: deps.memory.add, isLate: overload.isLate };
  const cors = listen.cors === undefined ? undefined : createCors(listen.cors.origins);
  const handler = createHandler({ ...ingress, ...common, ...told, bodyTimeout, cors });
  const port = createPort({
    ...listen,
    maxConnections: connectionsOf(snapshot, loops),
    tls: settings.certificates.listen,
    proxyProtocol,
    dialect: dialects[0],
    ...common,
    onRequest: inTurn(handler.onRequest, listen.sendTimeoutMs),
    onUpgrade: createUpgradeHandler(upgrade, senders, ingress.findOperation),
  });
  return {
    port,
    open: () => handler.open() + port.sessions(),
    upgraded: () => upgrade.open(),
    destroy() {
      sendTimeout.close();
      bodyTimeout.close();
    },
  };
}

/** Makes the service for Envoy's ext_proc filter, where it is configured. */
function createEnvoy(options: ListenersOptions, overload: Overload) {
  const { settings, deps } = options;
  const { extProc } = deps.runtime().snapshot;
  if (extProc === undefined) return undefined;
  return createExtProcPort({
    ...ingressOf(options),
    isLate: overload.isLate,
    observe: extProc.observe,
    tls: settings.certificates.extProc,
  });
}

/** Makes the listeners of one event loop; none is open before `listen`. */
export function createListeners(options: ListenersOptions): Listeners {
  const overload = overloadOf(options.deps, () => traffic.port.holdIdle());
  const traffic = createTraffic(options, overload);
  const envoy = createEnvoy(options, overload);
  const { port } = traffic;
  const ports = envoy === undefined ? [port] : [port, envoy];
  return {
    async listen({ traffic: at, extProc, shared }) {
      const bound = await port.listen({ ...at, shared });
      return { traffic: bound, extProc: extProc && (await envoy?.listen({ ...extProc, shared })) };
    },
    renew({ listen, extProc }) {
      if (listen !== undefined) port.renew(listen);
      if (extProc !== undefined) envoy?.renew(extProc);
    },
    unready: () => envoy?.unready() ?? false,
    announce() {
      overload.end();
      ports.forEach((each) => each.announce());
    },
    closeIdle: () => ports.forEach((each) => each.closeIdle()),
    destroy() {
      overload.end();
      ports.forEach((each) => each.destroy());
      traffic.destroy();
    },
    connections: () => ports.reduce((sum, each) => sum + each.connections(), 0),
    open: () => traffic.open() + (envoy?.open() ?? 0),
    upgraded: traffic.upgraded,
    held: overload.held,
  };
}

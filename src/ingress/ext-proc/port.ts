import type { FindOperation } from "../../core/dialects/index.ts";
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server } from "node:http2";
import { createServer as createListener, type Server, type Socket } from "node:net";
import type { Act } from "../../act/types.ts";
import type { BodyOptions } from "../body.ts";
import { serveGrpc, type GrpcMethod } from "./grpc/call.ts";
import { createHealth } from "./grpc/health.ts";
import { Processing } from "./processing.ts";
import { closeListener, listenOn, type Where } from "../listen.ts";
import type { Certificate } from "../port.ts";
import { createSessions } from "../sessions.ts";

/** What the ext_proc service is made with. */
export type ExtProcOptions = {
  readonly acting: Pick<Act, "needsBody" | "serve" | "refuse" | "watch">;
  readonly bodies: BodyOptions;
  readonly findOperation: FindOperation;
  /** Told of each call; true when it comes too late to be handled. */
  isLate(): boolean;
  /** How much of each forwarded response is shown to us; one that is bent or compared always comes through us. */
  readonly observe: "head" | "response";
  /** With it the port speaks only TLS. */
  readonly tls: Certificate | undefined;
};

/** The port on which Envoy asks what to do with each call. */
export type ExtProcPort = {
  /** Resolves to the port really bound. Several threads may share one. */
  listen(where: Where): Promise<number>;
  /** Shows another certificate to new connections; without effect on a port that speaks no TLS. */
  renew(certificate: Certificate): void;
  /** Says NOT_SERVING to health checks, and takes calls as before. @returns whether anything has asked this port yet */
  unready(): boolean;
  /** Takes no new connection, and tells Envoy to send no more calls on those that are open. */
  announce(): void;
  /** Closes each connection after its last call. */
  closeIdle(): void;
  /** Ends every connection now. */
  destroy(): void;
  connections(): number;
  /** Calls that Envoy is not done with. */
  open(): number;
};

const service = "envoy.service.ext_proc.v3.ExternalProcessor";

/** More than Envoy sends: it begins calls before it has heard of a limit, and those above it would fail. */
const maxStreams = 100_000;
/**
 * Envoy ends every call by a reset, which a server for the world must bound and this one must not: Node's own limit would
 * break the connection, with all calls on it, after a thousand.
 */
const resets = { streamResetBurst: 1_000_000, streamResetRate: 1_000_000 };
/** Room for what Envoy has sent and calls have not read; one that waits must not stop all others. */
const connectionWindowBytes = 64 * 1024 * 1024;
const streamWindowBytes = 1024 * 1024;
const sessionMemoryMb = 1024;
/** Beyond the body, a message holds the headers and a few bytes. */
const beyondBodyBytes = 1024 * 1024;

const serverOptions = {
  ...resets,
  maxSessionMemory: sessionMemoryMb,
  settings: { maxConcurrentStreams: maxStreams, initialWindowSize: streamWindowBytes },
};

/**
 * Makes the ext_proc service of one event loop: gRPC over HTTP/2, with a certificate over TLS, and health checks.
 *
 * @see envoy/proto/ext_proc.proto
 */
export function createExtProcPort(options: ExtProcOptions): ExtProcPort {
  const sessions = createSessions();
  const sockets = new Set<Socket>();
  let open = 0;
  let asked = false;
  const process: GrpcMethod = (call) => {
    open += 1;
    return new Processing(call, { ...options, closed: () => void (open -= 1) });
  };
  const health = createHealth([service]);
  const methods = new Map<string, GrpcMethod>([[`/${service}/Process`, process], ...health.methods]);
  const secure = options.tls === undefined ? undefined : createSecureServer({ ...serverOptions, ...options.tls });
  const server = sessions.of(secure ?? createServer(serverOptions), (session) => {
    session.setLocalWindowSize(connectionWindowBytes);
    session.on("error", () => undefined);
  });
  (server as Http2Server).on("stream", (stream, headers) => {
    asked = true;
    serveGrpc(stream, headers, { methods, maxMessageBytes: options.bodies.maxBytes() + beyondBodyBytes });
  });
  const listener = listenerFor(server, sockets);
  return {
    listen: (where) => listenOn(listener, where),
    renew: (certificate) => secure?.setSecureContext({ ...certificate }),
    unready() {
      health.down();
      return asked;
    },
    announce() {
      closeListener(listener);
      sessions.announce();
    },
    closeIdle() {
      health.end();
      sessions.close();
    },
    destroy() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
    connections: () => sockets.size,
    open: () => open,
  };
}

/** A server of HTTP/2 that listens by itself ends its connections when it listens no longer; this one does not. */
function listenerFor(server: Http2Server | Http2SecureServer, sockets: Set<Socket>): Server {
  return createListener({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    server.emit("connection", socket);
  });
}

import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import type { Act } from "../../act/types.ts";
import { serveGrpc, type GrpcMethod } from "./grpc/call.ts";
import { createHealth } from "./grpc/health.ts";
import { Processing } from "./processing.ts";
import { listenOn, type Where } from "../listen.ts";
import type { Certificate } from "../port.ts";

/** What the ext_proc service is made with. */
export type ExtProcOptions = {
  readonly acting: Pick<Act, "serve" | "refuse" | "watch">;
  maxBodyBytes(): number;
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
  /** Says NOT_SERVING to health checks and takes no new call; the open ones end with their response. */
  drain(): void;
  /** Ends every connection now. */
  destroy(): void;
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
  const sessions = new Set<ServerHttp2Session>();
  let open = 0;
  const process: GrpcMethod = (call) => {
    open += 1;
    return new Processing(call, { ...options, closed: () => void (open -= 1) });
  };
  const health = createHealth([service]);
  const methods = new Map<string, GrpcMethod>([[`/${service}/Process`, process], ...health.methods]);
  const secure = options.tls === undefined ? undefined : createSecureServer({ ...serverOptions, ...options.tls });
  const server = secure ?? createServer(serverOptions);
  const sockets = secure === undefined ? new Set<Socket>() : socketsOf(secure);
  (server as Http2Server).on("session", (session) => {
    sessions.add(session);
    session.setLocalWindowSize(connectionWindowBytes);
    session.on("error", () => undefined);
    session.on("close", () => sessions.delete(session));
  });
  (server as Http2Server).on("stream", (stream, headers) =>
    serveGrpc(stream, headers, { methods, maxMessageBytes: options.maxBodyBytes() + beyondBodyBytes }),
  );
  return {
    listen: (where) => listenOn(server, where),
    renew: (certificate) => secure?.setSecureContext({ ...certificate }),
    drain() {
      health.down();
      server.close();
      for (const session of sessions) session.close();
    },
    destroy() {
      server.close();
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
    open: () => open,
  };
}

/** The connections of a server with TLS: one is no session before its handshake is done. */
function socketsOf(server: Http2SecureServer): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return sockets;
}

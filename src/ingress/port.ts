import {
  createServer as createHttp1,
  ServerResponse,
  STATUS_CODES,
  type IncomingMessage,
  type Server as Http1Server,
} from "node:http";
import {
  createSecureServer,
  createServer as createHttp2,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from "node:http2";
import { createServer, Socket, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { endSocket } from "../act/sockets/sockets.ts";
import type { Dialect } from "../core/dialects/types.ts";
import type { Hold } from "./http/hold.ts";
import type { NodeRequest } from "./http/request.ts";
import type { NodeResponse } from "./http/reply.ts";
import { sendingOn, type ProgressWatch } from "./http/progress.ts";
import { closeListener, listenOn, type Where } from "./listen.ts";
import type { ProxyProtocol } from "./proxy-protocol.ts";
import { createSessions } from "./sessions.ts";

/** A certificate chain and its key, as PEM texts. */
export type Certificate = { readonly cert: string; readonly key: string };

/** Connection settings of the traffic port; times in milliseconds. */
export type PortOptions = {
  readonly keepAliveMs: number;
  /** The head of a larger request is refused. */
  readonly maxHeadBytes: number;
  /** What becomes of a client of HTTP/1.1 that ends its side of the connection. */
  readonly halfClose: "close" | "respond";
  readonly idleMs: number;
  readonly maxStreamsPerConnection: number;
  /** One more is closed as soon as it is accepted. */
  readonly maxConnections: number;
  /** With it the port speaks only TLS. */
  readonly tls: Certificate | undefined;
  /** Reads what each connection begins with; undefined where that is the client's own words. */
  readonly proxyProtocol: ProxyProtocol | undefined;
  readonly sendTimeout: ProgressWatch;
  readonly hold: Hold;
  /** Is told of the connections that were ended for taking nothing. */
  readonly gaveUpOn: WeakSet<object>;
  /** Shapes the responses to requests that cannot be parsed. */
  readonly dialect: Dialect;
  onRequest(request: NodeRequest, response: NodeResponse): void;
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

/** Why a request cannot be parsed, as its client is told. */
export type Refusal = { readonly status: number; readonly message: string };

/** What a server needs to read HTTP/1.1 as the traffic port does. */
export type Http1Options = Pick<
  PortOptions,
  "keepAliveMs" | "maxHeadBytes" | "halfClose" | "onRequest" | "onUpgrade"
> & {
  /** Responds to a request that cannot be parsed. */
  refuse(socket: Duplex, refusal: Refusal): void;
};

export type Port = {
  /** Resolves to the port really bound. Several threads may share one. */
  listen(where: Where): Promise<number>;
  /** Shows another certificate to new connections; without effect on a port that speaks no TLS. */
  renew(certificate: Certificate): void;
  /** Takes no new connection, and tells HTTP/2 clients to send no more requests on those that are open. */
  announce(): void;
  /** Closes the connections that wait for a request; the others end with their response. */
  closeIdle(): void;
  /** Reads no more from the connections of HTTP/1.1 that wait for a request, until they are released. */
  holdIdle(): void;
  /** Ends every connection now. */
  destroy(): void;
  /** Open connections, upgraded ones included. */
  connections(): number;
  /** Those of them that speak HTTP/2. */
  sessions(): number;
};

/** A request head must have arrived by then. */
const headersTimeoutMs = 10_000;
const h2Preface = Buffer.from("PRI");
const tlsHandshake = 0x16;

/**
 * Makes one port that speaks HTTP/1.1 and h2c by prior knowledge, or with a certificate TLS with ALPN for both.
 *
 * The first bytes of a connection decide: they are put back and the connection is handed to the right server.
 */
export function createPort(port: PortOptions): Port {
  const options = { ...port, refuse: (socket: Duplex, refusal: Refusal) => refuse(socket, port.dialect, refusal) };
  const sessions = createSessions();
  const sockets = new Set<Socket>();
  const http1 = createHttp1Server(options);
  const withIdleTimeout = (session: ServerHttp2Session) => session.setTimeout(options.idleMs, () => session.close());
  const http2 = sessions.of(configured(createHttp2(http2Options(options)), options), withIdleTimeout);
  const secure = options.tls === undefined ? undefined : sessions.of(secured(options, options.tls), withIdleTimeout);
  const http1Sockets = socketsOf(http1, secure, (socket) => watchSending(socket, options));
  const idle = () => [...http1Sockets].filter((socket) => responseOn(socket) === undefined);
  const begin = (socket: Socket): void =>
    firstBytes(socket, options.idleMs, (first) => {
      const plainHttp1 = secure === undefined && !first.subarray(0, 3).equals(h2Preface);
      // Only HTTP/1.1 sees by itself that a client has ended its side.
      socket.allowHalfOpen = plainHttp1;
      if (secure === undefined) (plainHttp1 ? http1 : http2).emit("connection", socket);
      else if (first[0] === tlsHandshake) secure.emit("connection", socket);
      else refuse(socket, options.dialect, { status: 400, message: "This port speaks TLS." });
    });
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    keepWhileOpen(socket, sockets);
    afterProxyHeader(socket, options, () => begin(socket));
  });
  server.maxConnections = options.maxConnections;
  return {
    listen: (where) => listenOn(server, where),
    renew: (certificate) => secure?.setSecureContext({ ...certificate }),
    announce() {
      closeListener(server);
      sessions.announce();
    },
    closeIdle() {
      for (const socket of idle()) socket.destroy();
      sessions.close();
    },
    holdIdle: () => idle().forEach(options.hold),
    destroy: () => endAll(server, sockets),
    connections: () => sockets.size,
    sessions: sessions.open,
  };
}

function endAll(server: Server, sockets: ReadonlySet<Socket>): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

function keepWhileOpen(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}

function afterProxyHeader(socket: Socket, { proxyProtocol }: PortOptions, begin: () => void): void {
  if (proxyProtocol === undefined) begin();
  else proxyProtocol.accept(socket, begin);
}

/** Makes the server that reads HTTP/1.1 on the traffic port; it is given its connections by `emit("connection", socket)`. */
export function createHttp1Server(options: Http1Options): Http1Server {
  return configured(createHttp1({ ...http1Options(options), noDelay: true }), options);
}

/** The connections that speak HTTP/1.1, without those that were upgraded. */
function socketsOf(
  http1: Http1Server,
  secure: Http2SecureServer | undefined,
  opened: (socket: Socket) => void,
): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    opened(socket);
    keepWhileOpen(socket, sockets);
  };
  const letGo = (_request: IncomingMessage, socket: Duplex): void => {
    if (socket instanceof Socket) sockets.delete(socket);
  };
  http1.on("connection", keep).on("upgrade", letGo);
  secure?.on("upgrade", letGo).on("secureConnection", (socket) => {
    if (socket.alpnProtocol !== "h2") keep(socket);
  });
  return sockets;
}

function watchSending(socket: Socket, { sendTimeout, gaveUpOn }: PortOptions): void {
  const sending = sendingOn(socket, () => {
    gaveUpOn.add(socket);
    socket.destroy();
  });
  sendTimeout.watch(sending);
  socket.once("close", () => sendTimeout.forget(sending));
}

function http1Options(options: Http1Options) {
  return {
    keepAliveTimeout: options.keepAliveMs,
    headersTimeout: headersTimeoutMs,
    maxHeaderSize: options.maxHeadBytes,
    // The guard checks it, and responds in the provider's shape.
    requireHostHeader: false,
    connectionsCheckingInterval: 5000,
    // A client may offer any other protocol, such as h2c, which is then passed over.
    shouldUpgradeCallback: ({ method, headers }: IncomingMessage) =>
      method === "GET" && headers.upgrade?.toLowerCase() === "websocket",
  };
}

function http2Options(options: PortOptions) {
  return {
    settings: { maxConcurrentStreams: options.maxStreamsPerConnection, maxHeaderListSize: options.maxHeadBytes },
  };
}

function secured(options: PortOptions & Http1Options, tls: Certificate): Http2SecureServer {
  const server = createSecureServer({
    ...http2Options(options),
    ...tls,
    allowHTTP1: true,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  return configured(Object.assign(server, http1Options(options)), options);
}

/** Wires a server up; it never listens itself, so it is told that it does, to start its checks of slow requests. */
function configured<Server extends Http1Server | Http2Server | Http2SecureServer>(
  server: Server,
  options: Http1Options,
): Server {
  const events = server as Http1Server;
  events.maxHeadersCount = 0;
  // Node reads it, but its types do not have it.
  Object.assign(events, { httpAllowHalfOpen: options.halfClose === "respond" });
  // Without the last two Node lets any body be sent, and responds to an unknown expectation in no one's shape.
  for (const event of ["request", "checkContinue", "checkExpectation"]) events.on(event, options.onRequest);
  events.on("upgrade", options.onUpgrade);
  events.on("connect", (_request, socket: Duplex) => options.refuse(socket, noTunnel));
  events.on("clientError", (error: NodeJS.ErrnoException, socket) => clientError(error, socket, options));
  events.emit("listening");
  return server;
}

/** Waits for enough of a connection to tell its protocol, then puts it back. */
function firstBytes(socket: Socket, idleMs: number, decide: (first: Buffer) => void): void {
  let first: Buffer | undefined;
  const drop = (): void => void socket.destroy();
  socket.setTimeout(idleMs, drop);
  socket.on("error", drop);
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      if (socket.readableEnded || first === undefined) socket.destroy();
      return;
    }
    first = first === undefined ? chunk : Buffer.concat([first, chunk]);
    if (first.length < h2Preface.length && h2Preface.subarray(0, first.length).equals(first)) return;
    socket.off("readable", onReadable);
    socket.setTimeout(0);
    socket.removeListener("timeout", drop);
    socket.unshift(first);
    decide(first);
  };
  socket.on("readable", onReadable);
}

function clientError(error: NodeJS.ErrnoException, socket: Duplex, options: Http1Options): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  if (responseOn(socket)?.headersSent === true) {
    socket.end(() => socket.destroy());
    return;
  }
  options.refuse(socket, refusalOf(error, options));
}

function refusalOf({ code }: NodeJS.ErrnoException, { maxHeadBytes }: Http1Options): Refusal {
  if (code === "HPE_HEADER_OVERFLOW")
    return { status: 431, message: `The request headers are larger than ${maxHeadBytes} bytes.` };
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return { status: 408, message: "The request took too long to arrive." };
  return { status: 400, message: "The request is not valid HTTP." };
}

/**
 * The HTTP/1.1 response under way on a connection, until its last byte has been handed to the network.
 *
 * Node keeps it there, and nowhere in its public API; `closeIdleConnections` calls a connection idle too early.
 */
function responseOn(socket: Duplex): ServerResponse | undefined {
  const response: unknown = Reflect.get(socket, "_httpMessage");
  return response instanceof ServerResponse ? response : undefined;
}

const noTunnel: Refusal = { status: 501, message: "CONNECT is not served: this port is no forward proxy." };

function refuse(socket: Duplex, dialect: Dialect, { status, message }: Refusal): void {
  const { body } = dialect.failure({ status, code: "BODY_INVALID", message, requestId: "" });
  endSocket(
    socket,
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

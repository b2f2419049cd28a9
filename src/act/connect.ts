import diagnostics from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { buildConnector, Pool } from "undici";
import { readBeforeReset } from "./late-reset.ts";

/** The certificate authorities that an upstream is checked by, our own certificate, and its name; PEM strings. */
export type UpstreamTls = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
};

/** How connections to one address of an upstream are made. */
export type ConnectOptions = {
  readonly url: string;
  /** Of an HTTP proxy, credentials included; undefined connects directly. */
  readonly proxyUrl: string | undefined;
  readonly tls: UpstreamTls | undefined;
  readonly connectTimeoutMs: number;
  /** Milliseconds of any clock. */
  now(): number;
};

/** Makes connections, and says where requests on them go. */
export type Connecting = {
  /** What the connections lead to: the upstream, or the proxy that requests are sent to. */
  readonly origin: string;
  /** Comes before the path of a request: its proxy needs the whole URL. */
  readonly prefix: string;
  /** Headers for that proxy, names and values in turn. */
  readonly headers: readonly string[];
  readonly connect: buildConnector.connector;
  close(): void;
};

/**
 * Makes what connects to an upstream: directly, for https by a tunnel through its proxy, for http by requests to its proxy.
 *
 * Each new connection asks the resolver of the system again, and tries all addresses, of IPv6 and IPv4.
 *
 * @returns throws never; failures go to the callback of `connect`
 */
export function createConnecting(options: ConnectOptions): Connecting {
  const { url, proxyUrl, tls = {}, connectTimeoutMs, now } = options;
  const { origin, protocol, host } = new URL(url);
  const { serverName, ...pem } = tls;
  const connector = buildConnector({
    timeout: connectTimeoutMs,
    ...pem,
    ...(serverName !== undefined && { servername: serverName }),
  });
  const direct = { origin, prefix: "", headers: [], connect: understanding(connector, now), close: () => undefined };
  if (proxyUrl === undefined) return direct;
  const proxy = new URL(proxyUrl);
  const authorization = proxyAuthorization(proxy);
  if (protocol === "http:") {
    const headers = ["host", host, ...authorization];
    const connect = understanding(buildConnector({ timeout: connectTimeoutMs }), now);
    return { ...direct, origin: proxy.origin, prefix: origin, headers, connect };
  }
  const pool = new Pool(proxy.origin, {
    connect: { timeout: connectTimeoutMs, allowH2: false },
    headersTimeout: connectTimeoutMs,
  });
  const connect = understanding(tunnelling({ pool, authorization, connector }), now);
  return { ...direct, connect, close: () => void pool.close() };
}

/** Passes over what undici breaks a connection for, gives it all that has arrived, and notes how long connecting took. */
function understanding(connector: buildConnector.connector, now: () => number): buildConnector.connector {
  return (target, callback) => {
    const fromMs = now();
    connector(target, (...result) => {
      if (result[0] === null) {
        const socket: Socket & Marked = result[1];
        socket[unused] = { fromMs, toMs: now() };
        readBeforeReset(socket);
        skipContinue(socket);
      }
      callback(...result);
    });
  };
}

type Tunnelling = {
  readonly pool: Pool;
  readonly authorization: readonly string[];
  readonly connector: buildConnector.connector;
};

function tunnelling({ pool, authorization, connector }: Tunnelling): buildConnector.connector {
  return (target, callback) => {
    const host = target.port === "" ? `${target.host}:443` : target.host;
    const failed = (reason: string, cause?: unknown): void =>
      callback(Object.assign(new Error("The proxy made no tunnel.", { cause }), { code: `proxy: ${reason}` }), null);
    pool.connect({ path: host ?? target.hostname, headers: ["host", host ?? "", ...authorization] }, (error, made) => {
      if (error !== null) return failed(codeOf(error), error);
      const socket = made.socket as Socket;
      if (made.statusCode === 200) return connector({ ...target, httpSocket: socket }, callback);
      socket.on("error", () => undefined).destroy();
      return failed(`status ${made.statusCode}`);
    });
  };
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : error.name;
}

function proxyAuthorization({ username, password }: URL): string[] {
  if (username === "" && password === "") return [];
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return ["proxy-authorization", `Basic ${Buffer.from(credentials).toString("base64")}`];
}

/** Begins a response that only says that the request may go on. */
const continueHead = Buffer.from("HTTP/1.1 100");
const headEnd = Buffer.from("\r\n\r\n");

/** Marks a socket whose next byte begins a response. */
const awaits = Symbol("awaits a response");
/** When a connection was made that no request has used. */
const unused = Symbol("made");

type Marked = { [awaits]?: boolean; [unused]?: Made | undefined };

/** When making a connection began and ended, by the clock it was given. */
export type Made = { readonly fromMs: number; readonly toMs: number };

/** A request that is about to be sent. */
type Sending = {
  /** @param made of the connection that it is sent on, where it is the first there */
  sentOn(made: Made | undefined): void;
};

let sending: Sending | undefined;

/** Has a request be told of its connection. undici begins a request, and then, before any other, says on which socket. */
export function aboutToSend(request: Sending): void {
  sending = request;
}

diagnostics.subscribe("undici:client:sendHeaders", (message) => {
  const { socket } = message as { readonly socket: Marked };
  socket[awaits] = true;
  const [request, made] = [sending, socket[unused]];
  sending = socket[unused] = undefined;
  request?.sentOn(made);
});

/**
 * Takes `100 Continue` out of what comes on a connection of HTTP/1.1: undici breaks a connection for it, while a client must
 * pass over it also where it has not asked for it.
 *
 * @see RFC 9110 §15.2
 */
function skipContinue(socket: Socket & Marked): void {
  if (socket instanceof TLSSocket && socket.alpnProtocol === "h2") return;
  const read = socket.read.bind(socket);
  let held: Buffer | undefined;
  socket.read = (size?: number) => {
    const chunk: Buffer | null = read(size);
    if (chunk === null || socket[awaits] !== true) return chunk;
    const rest = withoutContinue(held === undefined ? chunk : Buffer.concat([held, chunk]));
    held = rest.isWhole ? undefined : rest.bytes;
    if (!rest.isWhole) return null;
    socket[awaits] = false;
    return rest.bytes;
  };
}

/** What is left of the start of a response; it is not whole while it may still be what is passed over. */
function withoutContinue(start: Buffer): { readonly bytes: Buffer; readonly isWhole: boolean } {
  let bytes = start;
  for (;;) {
    const known = Math.min(bytes.length, continueHead.length);
    if (!bytes.subarray(0, known).equals(continueHead.subarray(0, known))) return { bytes, isWhole: true };
    const end = bytes.indexOf(headEnd);
    if (end === -1) return { bytes, isWhole: bytes.length > maxHeadBytes };
    bytes = bytes.subarray(end + headEnd.length);
  }
}

/** A longer one is left to undici, which refuses it. */
const maxHeadBytes = 16 * 1024;

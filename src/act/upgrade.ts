import type { ActDeps, Request, Runtime, UpstreamRuntime } from "./types.ts";
import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy-3";
import { decide } from "../core/decide.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import type { Call, Decision, Outcome } from "../core/types.ts";
import { keyInQuery } from "../core/dialects/shared/target.ts";
import type { Quota } from "../core/dialects/types.ts";
import type { FoundKey } from "../limits/keys.ts";
import type { Permit, Permits } from "../limits/permits/permits.ts";
import { credentials, requestTarget } from "./headers.ts";
import { rateLimited, unauthenticated } from "./failures.ts";
import { endSocket, resetAtOnce } from "./sockets.ts";
import { refuseLoop, viaEntry } from "./via.ts";

/** Takes over connections that ask for another protocol. */
export type Upgrade = {
  join(request: Request, incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a request that is not understood. */
  refuse(request: Request, socket: Duplex, error: StuntdoubleError): void;
  /** Connections that are joined, or about to be. */
  open(): number;
};

/**
 * Makes the pass-through for WebSocket upgrades: checked, limited and routed like any call, then the two sockets are
 * joined. The permit is held until the client's socket closes.
 *
 * What cannot be passed on is answered with an HTTP error in the provider's shape.
 */
export function createUpgrade(deps: ActDeps): Upgrade {
  const joinings = new WeakMap<Duplex, Joining>();
  const proxy = createProxyServer({ ws: true, changeOrigin: true });
  proxy.on("proxyReqWs", (asked, _incoming, client) => {
    client.once("close", () => asked.destroy());
    asked.on("response", ({ statusCode }) => noteStatus(joinings.get(client), statusCode));
    asked.on("upgrade", (_response, upstream: Socket) => tie(client, upstream, joinings.get(client)));
  });
  // A client that breaks off is not a failure of ours; its socket is closed and the outcome says the rest.
  proxy.on("error", () => undefined);

  let open = 0;
  const begin = (request: Request, socket: Duplex): Joining => {
    const joining = newJoining(request, deps.loop.clock.now(), deps.wallClockMs());
    joinings.set(socket, joining);
    socket.on("error", () => socket.destroy());
    open += 1;
    socket.once("close", () => {
      open -= 1;
      joining.permit?.release();
      // At the drain limit it is we who close the connection.
      if (deps.stopping()) joining.error ??= nodeStopped();
      deps.emit(outcomeOf(joining, deps.loop.clock.now()));
    });
    return joining;
  };
  const fail = (joining: Joining, socket: Duplex, error: StuntdoubleError): void => {
    joining.error = error;
    refuse(joining, socket);
  };
  const join = async (joining: Joining, { incoming, socket, head }: Connection): Promise<void> => {
    const { request } = joining;
    refuseLoop(request.headers, deps.pseudonym);
    const runtime = deps.runtime();
    const upstream = route(joining, runtime);
    takeQuota(joining, runtime);
    if (!(await takePermit(joining, socket, deps.permits))) return;
    const { name, url } = upstream.upstream;
    prepare(incoming, joining, { runtime, upstream, pseudonym: deps.pseudonym });
    proxy.ws(incoming, socket, head, { target: url }, (cause) => {
      if (joining.tied) return;
      fail(
        joining,
        socket,
        new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${name} could not be reached.`, { cause }),
      );
    });
  };
  return {
    join(request, incoming, socket, head) {
      const joining = begin(request, socket);
      join(joining, { incoming, socket, head }).catch((error: unknown) =>
        fail(joining, socket, toStuntdoubleError(error)),
      );
    },
    refuse: (request, socket, error) => fail(begin(request, socket), socket, error),
    open: () => open,
  };
}

type Connection = { readonly incoming: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/** Neither side of a WebSocket goes on when the other has ended, and an upstream that breaks must not look like one that closed. */
function tie(client: Socket, upstream: Socket, joining: Joining | undefined): void {
  if (joining !== undefined) joining.tied = true;
  upstream.on("error", (cause) => {
    if (joining !== undefined)
      joining.error = new StuntdoubleError("UPSTREAM_RESET", "The upstream broke the connection.", { cause });
    resetAtOnce(client);
  });
  upstream.on("end", () => client.destroySoon());
  client.on("end", () => upstream.destroySoon());
  client.on("close", () => upstream.destroySoon());
  if (client.destroyed) upstream.destroy();
}

function noteStatus(joining: Joining | undefined, status: number | undefined): void {
  if (joining !== undefined && status !== undefined) joining.status = status;
}

type Joining = {
  readonly startMs: number;
  readonly startedAtMs: number;
  readonly request: Request;
  status: number;
  queueMs: number;
  /** The two sockets are one connection; an error can no longer be answered. */
  tied: boolean;
  key: FoundKey | undefined;
  decision: Decision | undefined;
  upstream: string | undefined;
  quota: Quota | undefined;
  permit: Permit | undefined;
  error: StuntdoubleError | undefined;
};

function newJoining(request: Request, startMs: number, startedAtMs: number): Joining {
  const unknown = { key: undefined, decision: undefined, upstream: undefined, quota: undefined };
  const running = { status: 101, queueMs: 0, tied: false, permit: undefined, error: undefined };
  return { startMs, startedAtMs, request, ...running, ...unknown };
}

/** Checks the key and finds the upstream, by the rules or the first there is. */
function route(joining: Joining, runtime: Runtime): UpstreamRuntime {
  const { request } = joining;
  const found = runtime.keys?.find(request.headers, keyInQuery(request.target, request.dialect.keyParameter));
  if (found === "missing" || found === "wrong") throw unauthenticated(found);
  joining.key = found;
  const facts = { model: undefined, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined };
  const { id, method, headers, client } = request;
  const key = { keyName: found?.name, keyHash: found?.hash16 };
  const call: Call = { id, method, route: request.route, headers, client, ...key, facts };
  const { snapshot, upstreams } = runtime;
  const decision = decide(call, snapshot.rules, snapshot.fallback, snapshot.seed);
  joining.decision = decision;
  const named =
    decision.serve.from === "upstream" ? upstreams.get(decision.serve.upstream) : upstreams.values().next().value;
  if (named === undefined) {
    throw new StuntdoubleError(
      "NOT_FOUND",
      `There is no upstream to open ${request.route} at; WebSockets are not simulated.`,
    );
  }
  joining.upstream = named.upstream.name;
  return named;
}

/** A WebSocket is one request; what is said on it is not counted. */
function takeQuota(joining: Joining, { rates, snapshot }: Runtime): void {
  if (rates === undefined) return;
  const taken = rates.take(joining.key?.index ?? snapshot.keys.length, 0);
  joining.quota = taken.quota;
  if (!taken.ok) throw rateLimited(taken, 0);
}

/** A permit until the socket closes; false when the client left while it waited for one. */
async function takePermit(joining: Joining, socket: Duplex, permits: Permits): Promise<boolean> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  socket.once("close", leave);
  const permit = permits.tryTake() ?? (await permits.take(leaving.signal));
  socket.off("close", leave);
  joining.queueMs = permit.waitedMs;
  if (socket.destroyed) permit.release();
  else joining.permit = permit;
  return !socket.destroyed;
}

type Preparing = { readonly runtime: Runtime; readonly upstream: UpstreamRuntime; readonly pseudonym: string };

/** http-proxy-3 sends what stands in the request. */
function prepare(incoming: IncomingMessage, { request }: Joining, { runtime, upstream, pseudonym }: Preparing): void {
  const { headers } = incoming;
  const { credential } = upstream;
  const dropCredentials = runtime.keys !== undefined;
  incoming.url = requestTarget(request.target, request.dialect.keyParameter, { credential, dropCredentials });
  const entry = viaEntry("1.1", pseudonym);
  headers["via"] = headers["via"] === undefined ? entry : `${headers["via"]}, ${entry}`;
  delete headers[runtime.snapshot.control.header];
  if (credential === undefined && !dropCredentials) return;
  for (const name of credentials) delete headers[name];
  if (credential === undefined) return;
  const [name, value] = credential;
  headers[name] = value;
}

function nodeStopped(): StuntdoubleError {
  return new StuntdoubleError("NODE_STOPPED", "The node stopped while the connection was open.");
}

function refuse(joining: Joining, socket: Duplex): void {
  const { request, error, quota } = joining;
  if (error === undefined || socket.destroyed || !socket.writable) return;
  const { code, message, status, param, retryAfterSeconds } = error;
  joining.status = status;
  const { head, body } = request.dialect.failure({
    status,
    code,
    message,
    param,
    retryAfterSeconds,
    requestId: request.id,
  });
  const headers = [
    ...head.headers,
    ...(quota === undefined ? [] : request.dialect.quotaHeaders(quota, joining.startedAtMs)),
  ];
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2) text += `${headers[index]}: ${headers[index + 1]}\r\n`;
  endSocket(socket, `${text}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
}

function outcomeOf(joining: Joining, nowMs: number): Outcome {
  const { request, decision, error } = joining;
  const totalMs = nowMs - joining.startMs;
  return {
    id: request.id,
    startedAtMs: joining.startedAtMs,
    method: request.method,
    route: request.route,
    operation: undefined,
    dialect: undefined,
    model: undefined,
    stream: false,
    client: request.client,
    keyName: joining.key?.name,
    rule: decision?.rule ?? "none",
    mode: error === undefined || joining.tied ? "real" : "own",
    upstream: joining.upstream,
    profile: undefined,
    faults: [],
    standIn: false,
    status: joining.status,
    ending: error?.code === "NODE_STOPPED" ? "cut" : "finish",
    cause: error?.code,
    promptTokens: undefined,
    queueMs: joining.queueMs,
    overheadMs: 0,
    scheduleErrorMs: undefined,
    planned: undefined,
    actual: { ttftMs: undefined, totalMs, tokens: 0, atMs: [] },
    shadow: undefined,
  };
}

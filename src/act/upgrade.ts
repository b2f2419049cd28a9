import { STATUS_CODES, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy-3";
import { decide } from "../core/decide.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import type { Call, Decision, Outcome } from "../core/types.ts";
import type { ActDeps } from "./act.ts";
import { credentials } from "./headers.ts";
import type { Request } from "./reply.ts";
import type { Runtime, UpstreamRuntime } from "./runtime.ts";
import { endSocket, resetAtOnce } from "./sockets.ts";

/** Takes over connections that ask for another protocol. */
export type Upgrade = {
  join(request: Request, incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers a request that is not understood. */
  refuse(request: Request, socket: Duplex, error: StuntdoubleError): void;
  /** Connections that are joined, or about to be. */
  open(): number;
};

/**
 * Makes the pass-through for WebSocket upgrades: checked and routed like any call, then the two sockets are joined.
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
    const startMs = deps.loop.clock.now();
    const joining: Joining = { startMs, startedAtMs: deps.wallClockMs(), request, status: 101, tied: false };
    joinings.set(socket, joining);
    socket.on("error", () => socket.destroy());
    open += 1;
    socket.once("close", () => {
      open -= 1;
      deps.emit(outcomeOf(joining, deps.loop.clock.now()));
    });
    return joining;
  };
  const fail = (joining: Joining, socket: Duplex, error: StuntdoubleError): void => {
    joining.error = error;
    refuse(joining, socket);
  };
  return {
    join(request, incoming, socket, head) {
      const joining = begin(request, socket);
      try {
        const runtime = deps.runtime();
        const { decision, upstream } = route(request, runtime);
        const { name, url } = upstream.upstream;
        joining.decision = decision;
        joining.upstream = name;
        prepare(incoming, request, runtime, upstream);
        proxy.ws(incoming, socket, head, { target: url }, (cause) => {
          if (joining.tied) return;
          fail(
            joining,
            socket,
            new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${name} could not be reached.`, { cause }),
          );
        });
      } catch (error) {
        fail(joining, socket, toStuntdoubleError(error));
      }
    },
    refuse: (request, socket, error) => fail(begin(request, socket), socket, error),
    open: () => open,
  };
}

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
  /** The two sockets are one connection; an error can no longer be answered. */
  tied: boolean;
  decision?: Decision;
  upstream?: string;
  error?: StuntdoubleError;
};

function route(request: Request, runtime: Runtime): { decision: Decision; upstream: UpstreamRuntime } {
  const found = runtime.keys?.find(request.headers);
  if (found === "missing" || found === "wrong")
    throw new StuntdoubleError("UNAUTHENTICATED", "Incorrect API key provided.");
  const facts = { model: undefined, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined };
  const { id, method, headers, client } = request;
  const call: Call = {
    id,
    method,
    route: request.route,
    headers,
    client,
    keyName: found?.name,
    keyHash: found?.hash16,
    facts,
  };
  const { snapshot, upstreams } = runtime;
  const decision = decide(call, snapshot.rules, snapshot.fallback, snapshot.seed);
  const named =
    decision.serve.from === "upstream" ? upstreams.get(decision.serve.upstream) : upstreams.values().next().value;
  if (named === undefined) {
    throw new StuntdoubleError(
      "NOT_FOUND",
      `There is no upstream to open ${request.route} at; WebSockets are not simulated.`,
    );
  }
  return { decision, upstream: named };
}

/** http-proxy-3 sends what stands in the request. */
function prepare(incoming: IncomingMessage, request: Request, runtime: Runtime, upstream: UpstreamRuntime): void {
  const { headers } = incoming;
  incoming.url = request.target;
  delete headers[runtime.snapshot.control.header];
  if (upstream.credential === undefined && runtime.keys === undefined) return;
  for (const name of credentials) delete headers[name];
  if (upstream.credential === undefined) return;
  const [name, value] = upstream.credential;
  headers[name] = value;
}

function refuse(joining: Joining, socket: Duplex): void {
  const { request, error } = joining;
  if (error === undefined || socket.destroyed || !socket.writable) return;
  const { code, message, status } = error;
  joining.status = status;
  const { body } = request.dialect.failure({ status, code, message, requestId: request.id });
  endSocket(
    socket,
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\ncontent-type: application/json\r\nx-request-id: ${request.id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
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
    keyName: undefined,
    rule: decision?.rule ?? "none",
    mode: error === undefined || joining.tied ? "real" : "own",
    upstream: joining.upstream,
    profile: undefined,
    faults: [],
    standIn: false,
    status: joining.status,
    ending: "finish",
    cause: error?.code,
    promptTokens: undefined,
    queueMs: 0,
    overheadMs: 0,
    scheduleErrorMs: undefined,
    planned: undefined,
    actual: { ttftMs: undefined, totalMs, tokens: 0, atMs: [] },
    shadow: undefined,
  };
}

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy-3";
import { decide } from "../core/decide.ts";
import { StuntdoubleError, toStuntdoubleError } from "../core/errors.ts";
import type { Call, Decision, Outcome } from "../core/types.ts";
import type { ActDeps } from "./act.ts";
import type { Request } from "./reply.ts";
import type { Runtime, UpstreamRuntime } from "./runtime.ts";

/** Takes over connections that ask for another protocol. */
export type Upgrade = (request: Request, incoming: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * Makes the pass-through for WebSocket upgrades: checked and routed like any call, then the two sockets are joined.
 *
 * What cannot be passed on is answered with an HTTP error in the provider's shape.
 */
export function createUpgrade(deps: ActDeps): Upgrade {
  const proxy = createProxyServer({ ws: true, changeOrigin: true });
  // An upstream that breaks must not look like one that closed.
  proxy.on("proxyReqWs", (proxyRequest, _incoming, client) => {
    proxyRequest.on("upgrade", (_response, upstream: Socket) => upstream.on("error", () => client.resetAndDestroy()));
  });
  return (request, incoming, socket, head) => {
    const runtime = deps.runtime();
    const joining: Joining = { startMs: deps.loop.clock.now(), startedAtMs: deps.wallClockMs(), request, status: 101 };
    socket.once("close", () => deps.emit(outcomeOf(joining, deps.loop.clock.now())));
    try {
      const { decision, upstream } = route(request, runtime);
      joining.decision = decision;
      joining.upstream = upstream.upstream.name;
      prepareHeaders(incoming, runtime, upstream);
      proxy.ws(incoming, socket as Socket, head, { target: upstream.upstream.url }, (cause) => {
        joining.error = new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${upstream.upstream.name} could not be reached.`, { cause });
        refuse(joining, socket);
      });
    } catch (error) {
      joining.error = toStuntdoubleError(error);
      refuse(joining, socket);
    }
  };
}

type Joining = {
  readonly startMs: number;
  readonly startedAtMs: number;
  readonly request: Request;
  status: number;
  decision?: Decision;
  upstream?: string;
  error?: StuntdoubleError;
};

function route(request: Request, runtime: Runtime): { decision: Decision; upstream: UpstreamRuntime } {
  const found = runtime.keys?.find(request.headers);
  if (found === "missing" || found === "wrong") throw new StuntdoubleError("UNAUTHENTICATED", "Incorrect API key provided.");
  const facts = { model: undefined, stream: false, promptTokens: () => 0, lastUserMessage: () => undefined };
  const { id, method, headers, client } = request;
  const call: Call = { id, method, route: request.route, headers, client, keyName: found?.name, keyHash: found?.hash16, facts };
  const { snapshot, upstreams } = runtime;
  const decision = decide(call, snapshot.rules, snapshot.fallback, snapshot.seed);
  const named = decision.serve.from === "upstream" ? upstreams.get(decision.serve.upstream) : upstreams.values().next().value;
  if (named === undefined) {
    throw new StuntdoubleError("NOT_FOUND", `There is no upstream to open ${request.route} at; WebSockets are not simulated.`);
  }
  return { decision, upstream: named };
}

/** http-proxy-3 sends what stands in the request's headers. */
function prepareHeaders(incoming: IncomingMessage, runtime: Runtime, upstream: UpstreamRuntime): void {
  delete incoming.headers[runtime.snapshot.control.header];
  if (upstream.apiKey !== undefined) incoming.headers.authorization = `Bearer ${upstream.apiKey}`;
  else if (runtime.keys !== undefined) delete incoming.headers.authorization;
}

function refuse(joining: Joining, socket: Duplex): void {
  const { request, error } = joining;
  if (error === undefined || socket.destroyed || !socket.writable) return;
  joining.status = error.status;
  const { body } = request.dialect.failure({ status: error.status, code: error.code, message: error.message, requestId: request.id });
  socket.end(
    `HTTP/1.1 ${error.status} ${error.code}\r\ncontent-type: application/json\r\n` +
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
    mode: error === undefined ? "real" : "own",
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

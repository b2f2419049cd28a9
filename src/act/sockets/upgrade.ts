import type { ActDeps, Request, Runtime, SocketTarget, UpstreamRuntime } from "../types.ts";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createProxyServer } from "http-proxy-3";
import { StuntdoubleError, toStuntdoubleError } from "../../core/errors.ts";
import { withoutBaggage } from "../../core/baggage.ts";
import { isAlias } from "../../core/control-carriers.ts";
import { eachHeader } from "../../core/headers.ts";
import type { Ending, Outcome, Plan, Source } from "../../core/types.ts";
import type { Breaker, Ticket } from "../../limits/breaker.ts";
import type { Permit, Permits } from "../../limits/permits/permits.ts";
import { respondsByItself, withoutFaults } from "../admission.ts";
import { admitInTurn } from "./admit-in-turn.ts";
import { payForSocket } from "../budget/spend.ts";
import { conclude } from "../concluded.ts";
import { breakerOpen, webSocketNotSimulated } from "../failures.ts";
import { credentials, dashed, requestTarget, senderHeaders, viaEntry } from "../headers.ts";
import { CallRecord } from "../outcome.ts";
import type { Sent } from "../sent.ts";
import { failurePlan, faultPlan } from "../plans.ts";
import { readBeforeReset } from "../late-reset.ts";
import { Player } from "../player.ts";
import { countWaiting } from "./waiting.ts";
import { closeSocket, resetSocket, SocketReply } from "./sockets.ts";

/** Takes over connections that ask for another protocol. */
export type Upgrade = {
  join(request: Request, connection: Connection): void;
  /** Responds to a request that is not understood. */
  refuse(request: Request, socket: Duplex, error: StuntdoubleError): void;
  /** Connections that are joined, or about to be. */
  open(): number;
};

/** A connection that asks for another protocol: the request as Node has it, its socket, and what has come of the other protocol. */
export type Connection = { readonly incoming: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

/**
 * Makes the pass-through for WebSocket upgrades: admitted, limited and routed like any call, then the two sockets are
 * joined. The permit is held until the client's socket closes.
 *
 * What cannot be passed on, and a fault that responds by itself, is an HTTP error in the provider's shape.
 */
export function createUpgrade(deps: ActDeps): Upgrade {
  const joinings = new WeakMap<Duplex, Joining>();
  const proxy = createProxy(joinings, deps.memory.add);
  let open = 0;
  const begin = (request: Request, socket: Duplex): Joining => {
    const joining = new Joining(new CallRecord(request, deps.loop, deps.wallClockMs()), socket);
    joinings.set(socket, joining);
    // http-proxy-3 writes the head as a text, in which each character is a byte.
    socket.setDefaultEncoding("latin1");
    socket.on("error", () => socket.destroy());
    open += 1;
    socket.once("close", () => {
      open -= 1;
      const outcome = joining.close(deps.stopping());
      conclude(deps, outcome, { record: joining.record, sent: unseen, bent: joining });
    });
    return joining;
  };
  const join = async (joining: Joining, connection: Connection): Promise<void> => {
    const { record } = joining;
    const runtime = deps.runtime();
    const admission = await admitInTurn({ request: record.request, deps, runtime }, () => connection.socket.destroyed);
    if (admission === undefined) return;
    record.admitted(admission, runtime.snapshot.responseHeaders);
    if (admission.refusal !== undefined) throw admission.refusal;
    if (admission.faults.length > 0) deps.chaos.bent(joining, admission);
    if (!(await joining.takePermit(deps.permits))) return;
    if (joining.isLetGo) record.admitted(withoutFaults(admission), runtime.snapshot.responseHeaders);
    else if (admission.faults.some(respondsByItself)) return joining.play(faultPlan(admission.faults, record));
    const upstream = upstreamOf(admission.decision.serve, record.request, runtime);
    passOn(joining, connection, { proxy, runtime, upstream, pseudonym: deps.pseudonym });
  };
  return {
    join(request, connection) {
      const joining = begin(request, connection.socket);
      join(joining, connection).catch((error: unknown) => joining.fail(toStuntdoubleError(error)));
    },
    refuse: (request, socket, error) => begin(request, socket).fail(error),
    open: () => open,
  };
}

/** Nothing of what is sent by a WebSocket is looked at. */
const unseen = { response: () => ({ head: undefined, errorData: undefined }) };

type Passing = Preparing & { readonly proxy: ReturnType<typeof createProxy> };

function passOn(joining: Joining, { incoming, socket, head }: Connection, passing: Passing): void {
  const { record } = joining;
  const { name } = passing.upstream.upstream;
  record.meantFor(name);
  joining.admit(passing.upstream);
  record.asked();
  const { origin, agent, unreached } = prepare(incoming, record.request, passing);
  passing.proxy.ws(incoming, socket, head, { target: origin, agent }, (cause) => {
    if (joining.unreached(name, cause)) unreached();
  });
}

function createProxy(joinings: WeakMap<Duplex, Joining>, addWaiting: (bytes: number) => void) {
  const proxy = createProxyServer({ ws: true, changeOrigin: true });
  proxy.on("proxyReqWs", (asked, _incoming, client) => {
    client.once("close", () => asked.destroy());
    const joining = joinings.get(client);
    asked.on("response", (response) => joining?.responded(response));
    asked.on("upgrade", (response, upstream: Socket) => {
      joining?.responded(response);
      tie(client, upstream, joining);
      countWaiting(client, upstream, addWaiting);
      countWaiting(upstream, client, addWaiting);
    });
  });
  // A client that breaks off is not a failure of ours; its socket is closed and the outcome says the rest.
  proxy.on("error", () => undefined);
  return proxy;
}

/** One connection from its request to its end. */
class Joining {
  readonly record: CallRecord;
  /** Its faults no longer act. */
  isLetGo = false;
  readonly #socket: Duplex;
  readonly #reply: SocketReply;
  #permit: Permit | undefined = undefined;
  #breaker: Breaker | undefined = undefined;
  #ticket: Ticket | undefined = undefined;
  /** Status of the upstream's response. */
  #status = 101;
  /** The two sockets are one connection; an error can no longer be told by a response. */
  #tied = false;
  #failed = false;
  /** What leaves instead of an upstream's response. */
  #player: Player | undefined = undefined;
  #ending: Ending | "client-gone" = "finish";

  constructor(record: CallRecord, socket: Duplex) {
    this.record = record;
    this.#socket = socket;
    this.#reply = new SocketReply(socket);
  }

  /** Gets a permit until the socket closes. @returns false when the client left while it waited for one */
  async takePermit(permits: Permits): Promise<boolean> {
    const socket = this.#socket;
    const leaving = new AbortController();
    const leave = (): void => leaving.abort();
    socket.once("close", leave);
    const permit = permits.tryTake() ?? (await permits.take(leaving.signal));
    socket.off("close", leave);
    this.record.queued(permit.waitedMs);
    if (socket.destroyed) permit.release();
    else this.#permit = permit;
    return !socket.destroyed;
  }

  /** Asks the breaker whether the upstream may be asked; nothing stands in for a WebSocket. @throws BREAKER_OPEN, BUDGET_SPENT */
  admit(upstream: UpstreamRuntime): void {
    this.#breaker = upstream.breaker;
    this.#ticket = upstream.breaker?.admit();
    if (this.#ticket === undefined && upstream.whenOpen !== "forward") throw breakerOpen(upstream);
    if (upstream.budget !== undefined) payForSocket(upstream.budget, upstream.upstream.name);
  }

  /** The upstream has taken the connection or refused it; http-proxy-3 sends the headers that stand in its response. */
  responded({ statusCode, headers }: IncomingMessage): void {
    if (statusCode !== undefined) this.#status = statusCode;
    if (this.#status >= 500) this.#ticket?.failed();
    else this.#ticket?.succeeded();
    for (const name of Object.keys(headers)) if (name.startsWith("x-stuntdouble-")) delete headers[name];
    const own: string[] = [];
    this.record.addHeaders(own, "forward");
    eachHeader(own, (name, value) => void (headers[name] = value));
  }

  tie(): void {
    this.#tied = true;
  }

  /** The upstream broke the connection of both. */
  broken(): void {
    this.#failed = true;
    this.#breaker?.failedLate();
    this.record.failed("UPSTREAM_RESET");
  }

  /** @returns false where the error is one of the joined connections */
  unreached(upstream: string, cause: Error): boolean {
    if (this.#tied) return false;
    this.#ticket?.failed();
    this.fail(new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${upstream} could not be reached.`, { cause }));
    return true;
  }

  letGo(): void {
    this.isLetGo = true;
    this.#player?.letGo();
  }

  fail(error: StuntdoubleError): void {
    this.#failed = true;
    this.record.failed(error.code);
    const plan = failurePlan(error, this.record);
    if (!this.#socket.destroyed && this.#socket.writable) this.play(plan);
  }

  /** Responds in the place of the upstream; the connection closes after it. */
  play(plan: Plan): void {
    this.#player = new Player(this.#reply, this.record, {
      settled: (ending) => void (this.#ending = ending),
      waiting: () => undefined,
      failed: () => undefined,
    });
    this.#player.play(plan);
  }

  /** The socket has closed; at the drain limit it is we who close it. */
  close(stopping: boolean): Outcome {
    this.#reply.left();
    this.#permit?.release();
    this.#ticket?.abandoned();
    const stopped = stopping && !this.#failed;
    if (stopped) this.record.failed("NODE_STOPPED");
    const sent = this.#player ?? { ...joined, status: this.#status };
    const outcome = this.record.outcome(sent, stopped ? "cut" : this.#ending, this.record.now());
    return { ...outcome, overheadMs: 0 };
  }
}

/** What is said on a joined connection is not counted. */
const joined: Omit<Sent, "status"> = {
  tokens: 0,
  tokenAtMs: [],
  plannedAtMs: [],
  silentAtMs: undefined,
  scheduleError: () => undefined,
};

/** Neither side of a WebSocket goes on when the other has ended, and an upstream that breaks must not look like one that closed. */
function tie(client: Socket, upstream: Socket, joining: Joining | undefined): void {
  joining?.tie();
  readBeforeReset(upstream);
  upstream.on("error", () => {
    joining?.broken();
    resetSocket(client);
    // http-proxy-3 ends a client whose upstream broke, which must not come before the reset.
    Object.assign(client, { end: () => client, destroySoon: () => undefined });
  });
  upstream.on("end", () => closeSocket(client));
  client.on("end", () => upstream.destroySoon());
  client.on("close", () => upstream.destroySoon());
  if (client.destroyed) upstream.destroy();
}

/** The upstream that a connection is joined with. @throws NOT_FOUND */
function upstreamOf(serve: Source, request: Request, { upstreams }: Runtime): UpstreamRuntime {
  const named = serve.from === "upstream" ? upstreams.get(serve.upstream) : undefined;
  if (named !== undefined) return named;
  throw webSocketNotSimulated(request);
}

type Preparing = { readonly runtime: Runtime; readonly upstream: UpstreamRuntime; readonly pseudonym: string };

/** http-proxy-3 sends what stands in the request. @returns where to */
function prepare(
  incoming: IncomingMessage,
  request: Request,
  { runtime, upstream, pseudonym }: Preparing,
): SocketTarget {
  const { headers } = incoming;
  const { credential } = upstream;
  const { control } = runtime.snapshot;
  const dropCredentials = runtime.keys?.required === true;
  const target = requestTarget(request.target, request.dialect.keyParameter, { credential, dropCredentials });
  const to = upstream.upstream.socketTarget(target);
  incoming.url = to.path;
  const entry = viaEntry("1.1", pseudonym);
  headers["via"] = headers["via"] === undefined ? entry : `${headers["via"]}, ${entry}`;
  if (request.peer !== undefined)
    eachHeader(senderHeaders(request.headers, request.peer), (name, value) => void (headers[name] = value));
  const isReplaced = credential !== undefined || dropCredentials;
  for (const given of Object.keys(headers)) {
    const name = dashed(given);
    if (name === control.header || (control.aliases === true && isAlias(name)) || (isReplaced && credentials.has(name)))
      delete headers[given];
  }
  const { baggage } = headers;
  if (typeof baggage === "string") headers["baggage"] = withoutBaggage(baggage);
  if (headers["baggage"] === undefined) delete headers["baggage"];
  if (credential !== undefined) headers[credential[0]] = credential[1];
  return to;
}

import { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { StuntdoubleError } from "../../core/errors.ts";
import type { FindOperation } from "../../core/dialects/index.ts";
import type { Act } from "../../act/types.ts";
import type { Upgrade } from "../../act/sockets/upgrade.ts";
import type { Senders } from "../client-address.ts";
import { overloaded } from "../overloaded.ts";
import type { Hold } from "./hold.ts";
import type { ProgressWatch } from "./progress.ts";
import { HttpReply, type ReplyServer, type NodeResponse } from "./reply.ts";
import type { BodyOptions } from "../body.ts";
import { receive } from "./receive.ts";
import { checkedTarget, describe, pathOf, type Draft, type NodeRequest } from "./request.ts";

export type HandlerOptions = Pick<ReplyServer, "sendTimeout" | "gaveUpOn" | "cors"> & {
  /** What requests are handed to. */
  readonly acting: Pick<Act, "needsBody" | "serve" | "refuse">;
  readonly senders: Senders;
  readonly bodies: BodyOptions;
  readonly bodyTimeout: ProgressWatch;
  /** Told of each request; true when it comes too late to be handled. */
  isLate(): boolean;
  /** Keeps the connection of a request that was too late. */
  readonly hold: Hold;
  readonly findOperation: FindOperation;
  /** True while shutting down: connections are closed after their response. */
  draining(): boolean;
  /** So many more bytes wait for a client, or fewer where it is below 0. */
  waiting(bytes: number): void;
};

/** Takes the requests of all protocols. */
export type Handler = {
  /** The listener for `request` events of node:http and node:http2; never throws. */
  onRequest(request: NodeRequest, response: NodeResponse): void;
  /** Requests whose response has not been handed to the network whole. */
  open(): number;
};

/** Makes the HTTP adapter: it translates, and decides nothing. */
export function createHandler(options: HandlerOptions): Handler {
  let open = 0;
  const server = { ...options, closed: () => void (open -= 1) };
  const onRequest = (incoming: NodeRequest, response: NodeResponse): void => {
    open += 1;
    const reply = new HttpReply(incoming, response, server);
    const request = describe(incoming, options.senders);
    const refuseUnread = (error: StuntdoubleError): void => {
      reply.linger(incoming);
      options.acting.refuse(request, reply, error);
    };
    try {
      handle({ incoming, response, request, reply, refuseUnread }, options);
    } catch (error) {
      if (!(error instanceof StuntdoubleError)) throw error;
      refuseUnread(error);
    }
  };
  return { onRequest, open: () => open };
}

type Handled = {
  readonly incoming: NodeRequest;
  readonly response: NodeResponse;
  readonly request: Draft;
  readonly reply: HttpReply;
  refuseUnread(error: StuntdoubleError): void;
};

/** @throws BODY_INVALID and the like, for a target or a framing that is refused */
function handle({ incoming, response, request, reply, refuseUnread }: Handled, options: HandlerOptions): void {
  const { acting, bodies, bodyTimeout: timeout } = options;
  const target = checkedTarget(incoming);
  request.target = target;
  request.route = pathOf(target);
  const preflight = options.cors?.preflight(request.method, request.headers);
  if (preflight !== undefined) return reply.whole(preflight, "");
  const found = options.findOperation(request.method, request.route, request.headers);
  request.dialect = found.dialect;
  if (options.isLate()) {
    acting.refuse(request, reply, overloaded());
    return holdAfter(incoming, response, options.hold);
  }
  request.operation = found.operation;
  receive(incoming, request, {
    bodies,
    timeout,
    needsBody: acting.needsBody,
    sendContinue: () => sendContinue(incoming, response),
    done(refusal) {
      if (refusal !== undefined) return refuseUnread(refusal);
      if (response.destroyed) return;
      if (request.bodyStream !== undefined) reply.linger(incoming);
      acting.serve(request, reply);
    },
  });
}

/** Holds a connection of HTTP/1.1 when a response has left and its request has come to its end; Node would read on otherwise. */
function holdAfter(request: NodeRequest, response: NodeResponse, hold: Hold): void {
  if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
  const { socket } = request;
  response.once("close", () => {
    if (request.complete) hold(socket);
    else request.once("close", () => hold(socket));
  });
}

/** Tells a client that waits with its body to send it. */
function sendContinue({ headers }: NodeRequest, response: NodeResponse): void {
  if (headers.expect !== undefined) response.writeContinue();
}

/**
 * Makes the listener for `upgrade` events of node:http.
 *
 * @returns never throws
 */
export function createUpgradeHandler(
  upgrade: Upgrade,
  senders: Senders,
  findOperation: FindOperation,
): (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (incoming, socket, head) => {
    const request = describe(incoming, senders);
    try {
      const target = checkedTarget(incoming);
      const route = pathOf(target);
      const { dialect } = findOperation(request.method, route, request.headers);
      upgrade.join({ ...request, target, route, dialect }, { incoming, socket, head });
    } catch (error) {
      if (!(error instanceof StuntdoubleError)) throw error;
      upgrade.refuse(request, socket, error);
    }
  };
}

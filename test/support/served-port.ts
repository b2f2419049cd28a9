import type { Request } from "../../src/act/types.ts";
import { needsBody } from "../../src/act/needs-body.ts";
import { createUpgrade } from "../../src/act/sockets/upgrade.ts";
import { dialects, operationFinder } from "../../src/core/dialects/index.ts";
import type { StuntdoubleError } from "../../src/core/errors.ts";
import type { Outcome } from "../../src/core/types.ts";
import { createSenders } from "../../src/ingress/client-address.ts";
import { createHandler, createUpgradeHandler } from "../../src/ingress/http/handler.ts";
import { unwatched } from "../../src/ingress/http/progress.ts";
import { createPort } from "../../src/ingress/port.ts";
import type { ActHarness, ServedCall } from "./act.ts";
import { rawConnect, type RawResponse } from "./raw.ts";

/** What came of one request: the call that was made of it, or what was written to its connection without one. */
export type Reached =
  | { readonly call: ServedCall; readonly response: undefined; readonly outcome: undefined }
  | {
      readonly call: undefined;
      readonly response: RawResponse;
      /** That of a connection that was to be upgraded; undefined where the request could not be parsed. */
      readonly outcome: Outcome | undefined;
    };

/** The traffic port in front of a harness: its requests come from a socket, and its calls have recording replies. */
export type ServedPort = {
  /** @param bytes one request */
  send(bytes: Uint8Array): Promise<Reached>;
  close(): void;
};

/**
 * Puts the real port in front of a harness.
 *
 * @param named changes a request before it is served
 */
export async function servePort(act: ActHarness, named: (request: Request) => Request): Promise<ServedPort> {
  const { listen, upstreams } = act.deps.runtime().snapshot;
  const senders = createSenders({ ...listen, addressOf: undefined });
  const findOperation = operationFinder(upstreams);
  const gaveUpOn = new WeakSet();
  let reached: (call: ServedCall) => void = () => undefined;
  const outcomes: Outcome[] = [];
  const serve = (request: Request): void => reached(act.serveRequest(named(request)));
  const refuse = (request: Request, _reply: unknown, error: StuntdoubleError): void =>
    reached(act.refuseRequest(named(request), error));
  const handler = createHandler({
    acting: { serve, refuse, needsBody: (request) => needsBody(request, act.deps, act.deps.runtime()) },
    senders,
    findOperation,
    sendTimeout: unwatched,
    bodyTimeout: unwatched,
    gaveUpOn,
    isLate: () => false,
    hold: () => undefined,
    waiting: () => undefined,
    bodies: {
      maxBytes: () => listen.maxBodyBytes,
      maxForwardedBytes: () => listen.maxForwardedBodyBytes ?? Infinity,
      memory: act.deps.memory,
    },
    draining: () => false,
  });
  const upgrade = createUpgrade({ ...act.deps, emit: (outcome) => void outcomes.push(outcome) });
  const port = createPort({
    ...listen,
    maxConnections: Infinity,
    tls: undefined,
    proxyProtocol: undefined,
    sendTimeout: unwatched,
    hold: () => undefined,
    gaveUpOn,
    dialect: dialects[0],
    onRequest: handler.onRequest,
    onUpgrade: createUpgradeHandler(
      {
        ...upgrade,
        join: (request, connection) => upgrade.join(named(request), connection),
        refuse: (request, socket, error) => upgrade.refuse(named(request), socket, error),
      },
      senders,
      findOperation,
    ),
  });
  const number = await port.listen({ host: "127.0.0.1", port: 0, shared: false });
  return {
    async send(bytes) {
      const connection = await rawConnect(number);
      const before = outcomes.length;
      let call: ServedCall | undefined;
      reached = (each) => void (call = each);
      connection.socket.write(bytes);
      const open = (): boolean => call === undefined && connection.ended() === "open" && !responded(connection.text());
      for (let turns = 0; turns < maxTurns && open(); turns += 1) await act.advance(1);
      const response = await connection.response({ enough: () => true });
      if (call !== undefined) return { call, response: undefined, outcome: undefined };
      for (let turns = 0; turns < maxTurns && upgrade.open() > 0; turns += 1) await act.advance(1);
      // A fault may leave it silent until its client leaves.
      if (upgrade.open() > 0) connection.socket.destroy();
      for (let turns = 0; turns < maxTurns && upgrade.open() > 0; turns += 1) await act.advance(1);
      if (upgrade.open() > 0) throw new Error("The connection to the upstream stays open.");
      return { call, response, outcome: outcomes[before] };
    },
    close: () => port.destroy(),
  };
}

/** After so many turns of the event loop a connection is silent for good. */
const maxTurns = 5000;

/** A whole head has come that is not `100 Continue`. */
function responded(text: string): boolean {
  return text.replace(/^HTTP\/1\.1 100 .*?\r\n\r\n/s, "").includes("\r\n\r\n");
}

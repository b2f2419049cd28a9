import type { Server } from "node:http";
import { duplexPair } from "node:stream";
import type { Request } from "../../act/types.ts";
import type { Upgrade } from "../../act/sockets/upgrade.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { Snapshot } from "../../core/snapshot.ts";
import { operationFinder } from "../../core/dialects/index.ts";
import { createSenders } from "../../ingress/client-address.ts";
import { createHandler, createUpgradeHandler } from "../../ingress/http/handler.ts";
import { unwatched } from "../../ingress/http/progress.ts";
import { createHttp1Server } from "../../ingress/port.ts";
import type { DescribedRequest } from "./request-file.ts";

/** A request as the traffic port reads it. */
export type Arrival = {
  /** Undefined where it is no HTTP. */
  readonly request: Request | undefined;
  /** Why it is not handed on. */
  readonly refusal: StuntdoubleError | undefined;
  /** It asks for a WebSocket. */
  readonly upgrade: boolean;
};

/** A request that is described is there at once, and nothing waits for its response. */
const patient = {
  sendTimeout: unwatched,
  bodyTimeout: unwatched,
  gaveUpOn: new WeakSet(),
  isLate: () => false,
  hold: () => undefined,
  waiting: () => undefined,
};

/**
 * Lets the server of the traffic port read a request, over a connection within this process.
 *
 * @throws CONFIG_INVALID for a request to which a server gives no response
 */
export async function arrivalOf(described: DescribedRequest, snapshot: Snapshot): Promise<Arrival> {
  refuseShortBody(described, snapshot.listen.maxBodyBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Arrival>();
  const server = serverFor(snapshot, (request, upgrade, refusal) => resolve({ request, upgrade, refusal }));
  const [client, socket] = duplexPair();
  socket.once("close", () => reject(unanswered(described)));
  server.emit("connection", socket);
  client.resume().write(bytesOf(described));
  try {
    return await promise;
  } finally {
    client.destroy();
    socket.destroy();
    server.close();
  }
}

type Arrived = (request: Request | undefined, upgrade: boolean, refusal?: StuntdoubleError) => void;

/** The HTTP/1.1 server of a traffic port, which tells what arrived instead of serving it. */
function serverFor({ listen, upstreams }: Snapshot, arrived: Arrived): Server {
  const senders = createSenders({ ...listen, addressOf: () => "127.0.0.1" });
  const findOperation = operationFinder(upstreams);
  const { onRequest } = createHandler({
    ...patient,
    senders,
    findOperation,
    acting: {
      serve: (request) => arrived(request, false),
      refuse: (request, _reply, error) => arrived(request, false, error),
      needsBody: () => true,
    },
    bodies: {
      maxBytes: () => listen.maxBodyBytes,
      maxForwardedBytes: () => listen.maxForwardedBodyBytes ?? Infinity,
      memory: { checkBody: () => undefined, add: () => undefined },
    },
    draining: () => false,
  });
  const upgrade: Upgrade = {
    join: (request) => arrived(request, true),
    refuse: (request, _socket, error) => arrived(request, true, error),
    open: () => 0,
  };
  return createHttp1Server({
    ...listen,
    onRequest,
    onUpgrade: createUpgradeHandler(upgrade, senders, findOperation),
    refuse: (_socket, { status, message }) =>
      arrived(undefined, false, new StuntdoubleError("BODY_INVALID", message, { status })),
  });
}

function unanswered({ method }: DescribedRequest): StuntdoubleError {
  return new StuntdoubleError(
    "CONFIG_INVALID",
    `the server closes the connection of this ${method} request without a response.`,
  );
}

/** A server would wait for the rest. */
function refuseShortBody(described: DescribedRequest, maxBodyBytes: number): void {
  const [announced, ...others] = valuesOf(described, "content-length");
  if (announced === undefined || others.length > 0 || !/^\d+$/.test(announced)) return;
  if (valuesOf(described, "transfer-encoding").length > 0) return;
  const bytes = described.body?.length ?? 0;
  if (Number(announced) <= bytes || Number(announced) > maxBodyBytes) return;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `the header content-length announces ${announced} bytes, but the body has ${bytes}. Leave the header out, and it is right.`,
  );
}

function valuesOf({ headers }: DescribedRequest, wanted: string): readonly string[] {
  return headers.flatMap(([name, values]) => (name.toLowerCase() === wanted ? values : []));
}

/** The bytes that a client sends, with what every client adds by itself: a Host, and how long the body is. */
function bytesOf(described: DescribedRequest): Buffer {
  const { method, target, headers, body } = described;
  const names = new Set(headers.map(([name]) => name.toLowerCase()));
  const chunked = names.has("transfer-encoding");
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!names.has("host")) lines.push("host: localhost");
  for (const [name, values] of headers) for (const value of values) lines.push(`${name}: ${value}`);
  if (body !== undefined && !chunked && !names.has("content-length")) lines.push(`content-length: ${body.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return Buffer.concat([head, ...(chunked ? inChunks(body) : body === undefined ? [] : [body])]);
}

function inChunks(body: Uint8Array | undefined): Uint8Array[] {
  const last = Buffer.from("0\r\n\r\n");
  if (body === undefined || body.length === 0) return [last];
  return [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n"), last];
}

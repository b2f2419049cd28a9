import { eachHeader, headerValue } from "../../core/headers.ts";
import { noFacts } from "../../act/admission.ts";
import type { Carrier } from "../../act/types.ts";
import type { FindOperation } from "../../core/dialects/index.ts";
import type { Body, Operation } from "../../core/dialects/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { HeaderList, HeaderMap } from "../../core/types.ts";
import { bodyOf, requestId, tooLarge, type Draft } from "../http/request.ts";
import { bodyFrame, trailersFrame, unchangedFrame } from "./frames.ts";
import type { GrpcCall } from "./grpc/call.ts";
import { bodyMode, type Step } from "./step.ts";

/** The request that Envoy tells of in its first step. */
export function describe(
  { headers: rawHeaders, client }: Step,
  findOperation: FindOperation,
  carrier?: Carrier,
): Draft {
  const headers = mapOf(rawHeaders);
  const method = headers[":method"] ?? "GET";
  const target = headers[":path"] ?? "";
  const [route = ""] = target.split("?", 1);
  const { dialect, operation } = findOperation(method, route, headers);
  return {
    id: requestId(headers["x-request-id"]),
    method,
    target,
    route,
    headers,
    rawHeaders,
    client: client.replaceAll(/^\[|\]?:\d+$/g, ""),
    dialect,
    operation,
    body: undefined,
    bodyStream: undefined,
    carrier,
  };
}

function mapOf(raw: HeaderList): HeaderMap {
  const headers: Record<string, string> = Object.create(null);
  eachHeader(raw, (name, value) => {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  });
  const host = headerValue(raw, ":authority");
  if (host !== undefined) headers["host"] ??= host;
  return headers;
}

/** The same operation without its body: rules see nothing of it, and it cannot be simulated. */
export function withoutBody(operation: Operation): Operation {
  return {
    ...operation,
    open: () => ({
      facts: noFacts,
      ask() {
        throw new StuntdoubleError(
          "INTERNAL",
          "Envoy does not give us this request's body, so it cannot be simulated. Set request_body_mode of the ext_proc filter to FULL_DUPLEX_STREAMED.",
        );
      },
    }),
  };
}

/** The same operation where Envoy takes a response only as a whole: a stream cannot be simulated. */
export function withoutStream(operation: Operation): Operation {
  return {
    ...operation,
    open(request) {
      const opened = operation.open(request);
      return {
        facts: opened.facts,
        ask() {
          const ask = opened.ask();
          if (!ask.stream) return ask;
          throw new StuntdoubleError(
            "INTERNAL",
            "A stream cannot be simulated in this request_body_mode of the ext_proc filter. Set it to FULL_DUPLEX_STREAMED.",
          );
        },
      };
    },
  };
}

/** What a body that waits for its decision needs of its call. */
export type BodySink = {
  send(frame: Buffer): void;
  /** No more of the body is wanted until `pass`. */
  hold(): void;
};

/** A body that nobody reads waits in Envoy when this much of it is here. */
const heldBytes = 256 * 1024;

/** The body of one request: read where it is needed, and given back to Envoy when the call goes on. */
export class RequestBody {
  readonly #road: BodySink;
  readonly #mode: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #ended: "end" | "trailers" | undefined = undefined;
  #state: "waiting" | "reading" | "passing" | "dropped" = "waiting";
  #maxBytes = Infinity;
  #done: (body: Body | StuntdoubleError) => void = () => undefined;

  /** @param mode how Envoy sends it, by the numbers of `BodySendMode` */
  constructor(road: BodySink, mode: number) {
    this.#road = road;
    this.#mode = mode;
  }

  /** The request had no body. */
  none(): void {
    this.#ended = "end";
  }

  /**
   * Reads the whole body.
   *
   * @param done called once, with the body or with BODY_TOO_LARGE; never when the client leaves before the end
   */
  read(maxBytes: number, done: (body: Body | StuntdoubleError) => void): void {
    this.#state = "reading";
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  /** Takes the next piece. Envoy may announce the end twice; only the first counts. */
  add(piece: Buffer, endOfStream: boolean): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    if (endOfStream) this.#ended = "end";
    if (this.#state === "passing") return this.#forward(piece, endOfStream);
    this.#length += piece.length;
    this.#pieces.push(piece);
    if (this.#state === "waiting" && this.#length > heldBytes) this.#road.hold();
    if (this.#length > this.#maxBytes) this.#refuse();
    else if (endOfStream) this.#complete();
  }

  /** The body has ended, and trailers wait behind it. */
  trailers(): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    this.#ended = "trailers";
    if (this.#state === "passing") this.#road.send(trailersFrame("request"));
    else this.#complete();
  }

  /** Gives all that is here back to Envoy, and from now on all that comes. */
  pass(): void {
    if (this.#state === "passing") return;
    this.#state = "passing";
    const pieces = this.#pieces;
    this.#pieces = [];
    if (this.#mode === bodyMode.fullDuplex) {
      for (const [index, piece] of pieces.entries()) {
        this.#forward(piece, this.#ended === "end" && index === pieces.length - 1);
      }
    }
    if (this.#ended === "trailers") this.#road.send(trailersFrame("request"));
  }

  /**
   * Nothing of it is wanted any more.
   *
   * @returns false for one that goes on to the upstream, which wants all of it
   */
  drop(): boolean {
    if (this.#state === "passing") return false;
    this.#state = "dropped";
    this.#pieces = [];
    return true;
  }

  #forward(piece: Buffer, endOfStream: boolean): void {
    const isDuplex = this.#mode === bodyMode.fullDuplex;
    this.#road.send(isDuplex ? bodyFrame("request", piece, endOfStream) : unchangedFrame("request"));
  }

  #complete(): void {
    if (this.#state !== "reading") return;
    this.#state = "waiting";
    const [first, ...others] = this.#pieces;
    this.#done(bodyOf(first !== undefined && others.length === 0 ? first : Buffer.concat(this.#pieces, this.#length)));
  }

  #refuse(): void {
    const maxBytes = this.#maxBytes;
    this.drop();
    this.#done(tooLarge(maxBytes));
  }
}

/** Why no more is read from Envoy: a call is not decided, Envoy reads slowly, or the client does. */
type Reason = "decision" | "envoy" | "client";

/** Reading from Envoy on one call, which several may have reason to stop. */
export class Reading {
  readonly #call: GrpcCall;
  readonly #reasons = new Set<Reason>();

  constructor(call: GrpcCall) {
    this.#call = call;
  }

  /** Reads no more until each reason is gone. */
  stop(reason: Reason): void {
    this.#reasons.add(reason);
    this.#call.pause();
  }

  /** That reason is gone. */
  go(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#call.resume();
  }
}

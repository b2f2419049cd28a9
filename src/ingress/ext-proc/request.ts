import type { Carrier } from "../../act/live.ts";
import { eachHeader, headerValue } from "../../core/headers.ts";
import { noFacts } from "../../act/admission.ts";
import type { FindOperation } from "../../core/dialects/index.ts";
import type { Operation } from "../../core/dialects/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { HeaderList, HeaderMap } from "../../core/types.ts";
import { requestId, type Draft } from "../http/request.ts";
import type { GrpcCall } from "./grpc/call.ts";
import type { Step } from "./step.ts";

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
    encoded: undefined,
    bodyStream: undefined,
    unread: undefined,
    facts: undefined,
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
    open: ({ target }) => ({
      facts: { ...noFacts, model: operation.modelIn?.(target) },
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
        ask(settings) {
          const ask = opened.ask(settings);
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

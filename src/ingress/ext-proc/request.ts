import type { Carrier } from "../../act/types.ts";
import { noFacts } from "../../act/admission.ts";
import { headerValue } from "../../act/headers.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { HeaderList, HeaderMap } from "../../core/types.ts";
import { findOperation } from "../../core/dialects/index.ts";
import type { Operation } from "../../core/dialects/types.ts";
import { requestId, type Draft } from "../http/request.ts";
import type { Step } from "./step.ts";

/** The request that Envoy tells of in its first step. */
export function describe({ headers: rawHeaders, client }: Step, carrier: Carrier | undefined): Draft {
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
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index]!;
    const before = headers[name];
    headers[name] = before === undefined ? raw[index + 1]! : `${before}, ${raw[index + 1]!}`;
  }
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

/** The same operation where Envoy takes an answer only as a whole: a stream cannot be simulated. */
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

import type { Carrier, Outgoing } from "../../src/act/live.ts";
import { Readable } from "node:stream";
import type { Request } from "../../src/act/types.ts";
import { findOperation } from "../../src/core/dialects/index.ts";
import { givenId } from "../../src/ingress/http/request.ts";
import type { HeaderMap } from "../../src/core/types.ts";

/** What a test says of a request; all else is a chat request for the model `steady`. */
export type RequestWishes = {
  readonly method?: string;
  /** With its query. */
  readonly path?: string;
  /** By name, in lower case. */
  readonly headers?: HeaderMap;
  /** A string goes as it is, anything else as JSON; undefined is no body at all. */
  readonly body?: unknown;
  /** The id where the headers give none that is taken up; else one that is counted. */
  readonly id?: string;
  /** Address of the other end of the connection, where it is appended to what names the client. */
  readonly peer?: string;
  /** A gateway takes the call to its upstream. */
  readonly carried?: boolean;
};

/** A chat request for the model `steady`. */
export function chat(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { model: "steady", messages: [{ role: "user", content: "Hi" }], ...changes };
}

/**
 * The request that an adapter would hand over.
 *
 * @param id where neither its headers nor the wishes give one
 * @param carrier makes the gateway that carries it, where that is wished
 */
export function requestOf(
  wishes: RequestWishes,
  id: string,
  carrier: (outgoing: Omit<Outgoing, "headers">) => Carrier,
): Request {
  const { method = "POST", path: target = "/v1/chat/completions", headers = {}, carried = false } = wishes;
  const route = target.split("?")[0] ?? target;
  const { dialect, operation } = findOperation(method, route, headers);
  const body = "body" in wishes ? wishes.body : chat();
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const bytes = Buffer.from(text);
  return {
    id: givenId(headers["x-request-id"]) ?? wishes.id ?? id,
    method,
    target,
    route,
    headers,
    rawHeaders: Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value])),
    client: "127.0.0.1",
    peer: wishes.peer,
    dialect,
    operation,
    body: operation === undefined ? undefined : { bytes, text: () => text },
    bodyStream: operation === undefined && text !== "" ? Readable.from([bytes]) : undefined,
    carrier: carried ? carrier({ method, target, body: bytes }) : undefined,
  };
}

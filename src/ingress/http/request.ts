import { headerCount } from "../../core/headers.ts";
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { Request } from "../../act/types.ts";
import { dialects } from "../../core/dialects/index.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { HeaderMap } from "../../core/types.ts";
import type { Senders } from "../client-address.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A request that is still being read; complete when it is handed over. */
export type Draft = { -readonly [Member in keyof Request]: Request[Member] };

/** What is known of a request before its target is understood. */
export function describe(incoming: NodeRequest, senders: Senders): Draft {
  const headers = incoming.headers as HeaderMap;
  const peer = senders.peerOf(incoming.socket);
  return {
    id: requestId(headers["x-request-id"]),
    method: incoming.method ?? "GET",
    target: "/",
    route: "/",
    headers,
    rawHeaders: incoming.rawHeaders,
    client: senders.clientOf(peer, headers),
    peer: senders.append && peer !== "" ? peer : undefined,
    dialect: dialects[0],
    operation: undefined,
    body: undefined,
    encoded: undefined,
    bodyStream: undefined,
    unread: undefined,
    facts: undefined,
  };
}

/** A target without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}

const visible = /^[\x21-\x7e]{1,128}$/;
const ofThisLoop = randomBytes(8).toString("hex");
let made = 0;

/**
 * The id that a caller gave its request: short visible ASCII.
 *
 * @param header the caller's `x-request-id`
 * @returns undefined when it is anything else, or is not there
 */
export function givenId(header: string | undefined): string | undefined {
  return header !== undefined && visible.test(header) ? header : undefined;
}

/**
 * The id of a request: the caller's own, else a new one.
 *
 * @param header the caller's `x-request-id`
 * @returns a new one is `req_` and 32 hex digits, as the provider's: 64 random bits of this event loop, and a count
 */
export function requestId(header: string | undefined): string {
  const given = givenId(header);
  if (given !== undefined) return given;
  made += 1;
  return `req_${ofThisLoop}${made.toString(16).padStart(16, "0")}`;
}

/**
 * The path with query of a request, once its framing is beyond doubt.
 *
 * Node's parser lets some ambiguous forms through; each is a way to make two hops disagree about a request.
 *
 * @throws BODY_INVALID with status 400, 417, 501 or 505
 * @see RFC 9112 §3.2, §6.1
 */
export function checkedTarget(request: NodeRequest): string {
  if (!("stream" in request)) checkFraming(request);
  if (request.headers.expect !== undefined) checkExpectation(request.headers.expect);
  const url = request.url ?? "/";
  if (url.includes("#")) throw new StuntdoubleError("BODY_INVALID", "The request target has a fragment.");
  if (url.startsWith("/")) return url;
  return absoluteTarget(url, request.headers.host ?? request.headers[":authority"]?.toString());
}

function checkFraming({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    throw new StuntdoubleError("BODY_INVALID", `HTTP/${httpVersion} is not understood here.`, { status: 505 });
  }
  const hosts = headerCount(rawHeaders, "host");
  if (hosts > 1) throw new StuntdoubleError("BODY_INVALID", "The request has more than one Host header.");
  if (hosts === 0 && httpVersion === "1.1")
    throw new StuntdoubleError("BODY_INVALID", "The request has no Host header.");
  const coding = headers["transfer-encoding"];
  if (coding === undefined) return;
  if (httpVersion === "1.0") throw new StuntdoubleError("BODY_INVALID", "HTTP/1.0 has no Transfer-Encoding.");
  if (coding.toLowerCase() !== "chunked") {
    throw new StuntdoubleError("BODY_INVALID", "The only Transfer-Encoding understood is chunked.", { status: 501 });
  }
}

function checkExpectation(expect: string): void {
  if (expect.toLowerCase() === "100-continue") return;
  throw new StuntdoubleError("BODY_INVALID", "The only expectation understood is 100-continue.", { status: 417 });
}

/** `GET http://host/path` is read as `GET /path`, but only for our own host: we are no open proxy. */
function absoluteTarget(url: string, host: string | undefined): string {
  if (!URL.canParse(url)) throw new StuntdoubleError("BODY_INVALID", "The request target is no path.");
  const parsed = new URL(url);
  const known = (parsed.protocol === "http:" || parsed.protocol === "https:") && parsed.username === "";
  const own = `${parsed.protocol}//${host}`;
  if (!known || !URL.canParse(own) || parsed.host !== new URL(own).host) {
    throw new StuntdoubleError("BODY_INVALID", "The request target names another host; send a path.");
  }
  return parsed.pathname + parsed.search;
}

/** Says whether a request announces a body. */
export function hasBody(request: NodeRequest): boolean {
  if ("stream" in request) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Says whether a request names a length above that many bytes. */
export function announcesMore({ headers }: NodeRequest, maxBytes: number): boolean {
  return headers["content-length"] !== undefined && Number(headers["content-length"]) > maxBytes;
}

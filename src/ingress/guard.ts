import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { StuntdoubleError } from "../core/errors.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;

/**
 * The path with query of a request, once its framing is beyond doubt.
 *
 * Node's parser lets four ambiguous forms through; each is a way to make two hops disagree about a request.
 *
 * @throws BODY_INVALID with status 400 or 501
 * @see RFC 9112 §3.2, §6.1
 */
export function checkedTarget(request: NodeRequest): string {
  if (request.httpVersionMajor === 1) checkFraming(request);
  const url = request.url ?? "/";
  if (url.startsWith("/")) return url;
  return absoluteTarget(url, request.headers.host ?? request.headers[":authority"]?.toString());
}

function checkFraming(request: NodeRequest): void {
  const { rawHeaders } = request;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.length === 4 && rawHeaders[index]!.toLowerCase() === "host") hosts += 1;
  }
  if (hosts > 1) throw new StuntdoubleError("BODY_INVALID", "The request has more than one Host header.");
  const coding = request.headers["transfer-encoding"];
  if (coding === undefined) return;
  if (request.httpVersionMinor === 0) {
    throw new StuntdoubleError("BODY_INVALID", "HTTP/1.0 has no Transfer-Encoding.");
  }
  if (coding.toLowerCase() !== "chunked") {
    throw new StuntdoubleError("BODY_INVALID", "The only Transfer-Encoding understood is chunked.", { status: 501 });
  }
}

/** `GET http://host/path` is read as `GET /path`, but only for our own host: we are no open proxy. */
function absoluteTarget(url: string, host: string | undefined): string {
  if (!URL.canParse(url)) throw new StuntdoubleError("BODY_INVALID", "The request target is no path.");
  const parsed = new URL(url);
  const known = (parsed.protocol === "http:" || parsed.protocol === "https:") && parsed.username === "";
  if (!known || host === undefined || parsed.host !== host.toLowerCase()) {
    throw new StuntdoubleError("BODY_INVALID", "The request target names another host; send a path.");
  }
  return parsed.pathname + parsed.search;
}

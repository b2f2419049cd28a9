import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import { StuntdoubleError } from "../../core/errors.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;

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
  if (url.startsWith("/")) return url;
  return absoluteTarget(url, request.headers.host ?? request.headers[":authority"]?.toString());
}

function checkFraming({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") {
    throw new StuntdoubleError("BODY_INVALID", `HTTP/${httpVersion} is not understood here.`, { status: 505 });
  }
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.length === 4 && rawHeaders[index]?.toLowerCase() === "host") hosts += 1;
  }
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

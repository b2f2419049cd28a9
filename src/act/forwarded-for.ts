import { setHeaders } from "../core/headers.ts";
import type { HeaderList, HeaderMap } from "../core/types.ts";

/**
 * What names the senders of a request to its upstream: those that are named already, and the last one.
 *
 * A request that has only X-Forwarded-For gets no Forwarded, which would name fewer hops than there were.
 *
 * @param received headers of the request
 * @param peer address of the other end of the connection
 * @see RFC 7239
 */
export function senderHeaders(received: HeaderMap, peer: string): HeaderList {
  const { forwarded, "x-forwarded-for": addresses } = received;
  const all = ["x-forwarded-for", addresses === undefined ? peer : `${addresses}, ${peer}`];
  if (forwarded === undefined && addresses !== undefined) return all;
  const entry = `for=${peer.includes(":") ? `"[${peer}]"` : peer}`;
  all.push("forwarded", forwarded === undefined ? entry : `${forwarded}, ${entry}`);
  return all;
}

/**
 * Puts them into the headers for the upstream.
 *
 * @param headers names and values in turn; changed
 */
export function appendSender(headers: string[], received: HeaderMap, peer: string): void {
  const wanted = senderHeaders(received, peer);
  const isFirst = received["x-forwarded-for"] === undefined && received["forwarded"] === undefined;
  if (isFirst) headers.push(...wanted);
  else setHeaders(headers, wanted);
}

import { withoutBaggage } from "../core/baggage.ts";
import { isAlias } from "../core/control-carriers.ts";
import { headerIndex, headerValue, keepHeaders, setHeaders } from "../core/headers.ts";
import type { Decision, HeaderList, HeaderMap } from "../core/types.ts";
import type { Header } from "../core/dialects/types.ts";
import { withoutQuery } from "../core/dialects/shared/target.ts";

/** Fields that belong to one connection, not to the message. @see RFC 9110 §7.6.1 */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const connection = "connection";
const baggage = "baggage";

/** What the upstream request sets by itself. */
const ownedByRequest = new Set(["host", "expect"]);

/** Headers in which callers present their key, or what belongs to a signature made with one. */
export const credentials: ReadonlySet<string> = new Set([
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "x-amz-security-token",
]);

/** How the headers of a forwarded request differ from the client's. */
export type Forwarding = {
  /** Lower-case name of the control header, which never leaves this node. */
  readonly controlHeader: string;
  /** Whether the headers of other mocks stay here, too. */
  readonly aliases?: boolean;
  /** Replaces the client's credentials; undefined passes them on. */
  readonly credential: Header | undefined;
  /** Drops the client's credentials, because they were ours to check. */
  readonly dropCredentials: boolean;
  /** Sent as `x-request-id`: the client's own, or the one made for it, so that all know the call by one name. */
  readonly requestId: string;
  /** The name of this node in `Via`. */
  readonly pseudonym: string;
  /** Asks for an uncompressed response, so that events can be counted in it. */
  readonly plain: boolean;
};

/**
 * The headers for the upstream: the client's, in its order and spelling, less what belongs to the connection or to us.
 *
 * @param rawHeaders names and values in turn, as received
 */
export function requestHeaders(rawHeaders: HeaderList, forwarding: Forwarding): string[] {
  const named = namedByConnection(rawHeaders);
  const kept = keepHeaders(
    rawHeaders,
    (name) => !belongsToHop(name, named) && !isReplaced(name, forwarding) && !isMistakable(name, forwarding),
  );
  kept.push("x-request-id", forwarding.requestId);
  kept.push("via", viaEntry(rawHeaders[0]?.startsWith(":") === true ? "2" : "1.1", forwarding.pseudonym));
  if (takesTrailers(headerValue(rawHeaders, "te"))) kept.push("te", "trailers");
  if (forwarding.plain) kept.push("accept-encoding", "identity");
  if (forwarding.credential !== undefined) kept.push(...forwarding.credential);
  takeFromBaggage(kept);
  return kept;
}

/** Whether a `TE` header says that trailers are taken; of what it may say besides, this node takes nothing. */
export function takesTrailers(te: string | undefined): boolean {
  return te !== undefined && /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(te);
}

/** Removes our member from `baggage`, of which there may be several. */
function takeFromBaggage(headers: string[]): void {
  for (let at = headerIndex(headers, baggage); at !== -1; at = headerIndex(headers, baggage, at)) {
    const left = withoutBaggage(headers[at + 1] ?? "");
    if (left === undefined) headers.splice(at, 2);
    else {
      headers[at + 1] = left;
      at += 2;
    }
  }
}

/**
 * The target for the upstream: the client's, less a key in its query where the client's credentials stay here.
 *
 * @param keyParameter name of the query parameter that its API has for keys
 */
export function requestTarget(
  target: string,
  keyParameter: string | undefined,
  { credential, dropCredentials }: Pick<Forwarding, "credential" | "dropCredentials">,
): string {
  const keep = keyParameter === undefined || (credential === undefined && !dropCredentials);
  return keep ? target : withoutQuery(target, keyParameter);
}

/**
 * Says whether a header is of the connection that it came by.
 *
 * @param named what the sender's `Connection` names besides
 */
export function belongsToHop(lower: string, named?: ReadonlySet<string>): boolean {
  return lower.startsWith(":") || hopByHop.has(lower) || ownedByRequest.has(lower) || named?.has(lower) === true;
}

/**
 * What this node adds to the `Via` header of a request.
 *
 * @param protocol HTTP version by which the request came
 */
export function viaEntry(protocol: "1.1" | "2", pseudonym: string): string {
  return `${protocol} ${pseudonym}`;
}

/**
 * The name that a header has for programs that read `_` as `-`, as CGI and WSGI do.
 *
 * @param lower in lower case
 */
export function dashed(lower: string): string {
  return lower.replaceAll("_", "-");
}

/** Whether a name with `_` may be taken for one that is not passed on, or says how long the body is. */
function isMistakable(lower: string, forwarding: Forwarding): boolean {
  if (!lower.includes("_")) return false;
  const name = dashed(lower);
  return name === "content-length" || name === "via" || belongsToHop(name) || isReplaced(name, forwarding);
}

function isReplaced(lower: string, forwarding: Forwarding): boolean {
  if (lower === "x-request-id" || lower === forwarding.controlHeader) return true;
  if (lower === "accept-encoding") return forwarding.plain;
  if (forwarding.aliases === true && isAlias(lower)) return true;
  return (forwarding.dropCredentials || forwarding.credential !== undefined) && credentials.has(lower);
}

/**
 * The headers for the client: the upstream's less those of its connection, and of another node behind this one.
 *
 * @param rawHeaders names and values in turn, as received
 * @param keepLength false when there is no body, or a fault may change how long it is
 */
export function responseHeaders(rawHeaders: HeaderList, keepLength: boolean): string[] {
  const named = namedByConnection(rawHeaders);
  return keepHeaders(rawHeaders, (name) => {
    if (hopByHop.has(name) || named?.has(name) === true || name.startsWith("x-stuntdouble-")) return false;
    return keepLength || name !== "content-length";
  });
}

const buffering = "x-accel-buffering";

/**
 * Tells nginx to pass on each event of a stream as it comes, where the headers do not say yet; by default it gathers some.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
 */
export function neverBuffered(headers: string[]): void {
  if (headerIndex(headers, buffering) === -1) headers.push(buffering, "no");
}

/** Further hop-by-hop fields that the sender named in `Connection`, of which there may be several. */
function namedByConnection(headers: HeaderList): Set<string> | undefined {
  let named: Set<string> | undefined;
  for (let at = headerIndex(headers, connection); at !== -1; at = headerIndex(headers, connection, at + 2)) {
    const value = headers[at + 1] ?? "";
    if (value === "keep-alive" || value === "close") continue;
    named ??= new Set();
    for (const option of value.split(",")) named.add(option.trim().toLowerCase());
  }
  return named;
}

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

/** What a response is marked with; `seed` is absent where nothing was drawn. */
type Marked = { readonly decision: Decision; readonly seed: number | undefined };

/** Adds the headers that say what was decided, and how to get the same again. */
export function addMarks(headers: string[], label: string, { decision: { rule, faults }, seed }: Marked): void {
  headers.push("x-stuntdouble-decision", label, "x-stuntdouble-rule", rule);
  if (seed !== undefined) headers.push("x-stuntdouble-seed", String(seed));
  if (faults.length > 0) headers.push("x-stuntdouble-fault", faults.map(({ kind }) => kind).join(", "));
}

import { hash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

const bearer = /^bearer +(\S+) *$/i;

/**
 * Why a request is refused that does not present the token.
 *
 * Digests are compared in constant time, so how long it takes says nothing about the token.
 *
 * @param authorization the header
 * @param sha256 of the token, 64 lower-case hex digits; undefined when there is none to present
 * @returns a sentence, or undefined when the request may go on
 */
export function refusedToken(authorization: string | undefined, sha256: string | undefined): string | undefined {
  if (sha256 === undefined) return undefined;
  const token = authorization === undefined ? undefined : bearer.exec(authorization)?.[1];
  if (token === undefined) return "The admin API asks for its token, sent as Authorization: Bearer TOKEN.";
  if (timingSafeEqual(hash("sha256", token, "buffer"), Buffer.from(sha256, "hex"))) return undefined;
  return "The token is not that of the admin API.";
}

/** Ends of names that no public DNS server answers for. */
const privateSuffixes = [".localhost", ".local", ".internal", ".svc", ".home.arpa"];

/**
 * Why the `Origin` header is refused: the request was sent by a page of another site.
 *
 * @returns a sentence, or undefined when there is no such header or it names this host
 */
export function refusedOrigin(origin: string | undefined, host: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  if (host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`) return undefined;
  return "The Origin header names another site; the admin API does not respond to pages of other sites.";
}

/**
 * Why the `Host` header is refused: a page can make a public name it owns point to any address, and then ask under it.
 *
 * IP addresses, names without a dot, and names of private zones are taken.
 *
 * @param hosts names that are taken besides, without port
 * @returns a sentence, or undefined when the host is taken
 */
export function refusedHost(host: string | undefined, hosts: readonly string[]): string | undefined {
  if (host === undefined) return "The Host header is missing.";
  const name = host
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  if (isIP(name) !== 0 || (name !== "" && !name.includes(".") && !name.includes(":"))) return undefined;
  if (name.endsWith(".svc.cluster.local") || privateSuffixes.some((suffix) => name.endsWith(suffix))) return undefined;
  if (hosts.some((each) => each.toLowerCase() === name)) return undefined;
  return "The Host header holds a public name; ask the admin API by IP address or by a private name.";
}

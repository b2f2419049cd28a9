import { BlockList, isIP } from "node:net";
import type { HeaderMap } from "../core/types.ts";

/** Tells who sent a request. */
export type Senders = {
  /** The address of the other end of a connection, or what the PROXY protocol says of it; empty for one that is gone. */
  peerOf(socket: Connection | undefined): string;
  /** The client's address, as far as the proxies before us are trusted to name it. */
  clientOf: FindClient;
  /** The peer is appended to what names the client to the upstream. */
  readonly append: boolean;
};

/** What names a connection. */
export type Connection = { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined };

/** Makes the senders of a port. `addressOf` is that of its PROXY protocol, where it has one. */
export function createSenders(options: {
  readonly trustedProxies: readonly string[];
  readonly appendForwardedFor: boolean;
  readonly addressOf: ((socket: Connection) => string) | undefined;
}): Senders {
  const { trustedProxies, appendForwardedFor, addressOf = ({ remoteAddress }) => remoteAddress ?? "" } = options;
  return {
    peerOf: (socket) => (socket === undefined ? "" : plainAddress(addressOf(socket))),
    clientOf: createFindClient(trustedProxies),
    append: appendForwardedFor,
  };
}

/** Finds the client of a request behind proxies. */
type FindClient = (peer: string, headers: HeaderMap) => string;

/**
 * Makes what finds the client's address: the last one in X-Forwarded-For, or Forwarded, that is of no trusted proxy. From a peer
 * that is not trusted, neither header counts.
 *
 * @param trustedProxies addresses and CIDR ranges, IPv4 or IPv6
 */
function createFindClient(trustedProxies: readonly string[]): FindClient {
  if (trustedProxies.length === 0) return (peer) => peer;
  const trusted = new BlockList();
  for (const range of trustedProxies) addRange(trusted, range);
  return (peer, headers) => {
    let client = peer;
    const hops = hopsOf(headers);
    while (isTrusted(trusted, client)) {
      const before = hops.pop();
      // What is no address, such as `unknown`, says nothing; the hop that wrote it is as far as we see.
      if (before === undefined || isIP(before) === 0) break;
      client = plainAddress(before);
    }
    return client;
  };
}

/** An address without the prefix that IPv4 has on a port for both families. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}

function addRange(list: BlockList, range: string): void {
  const [address = "", bits] = range.split("/");
  const family = isIP(address) === 4 ? "ipv4" : "ipv6";
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
}

function isTrusted(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

/** The addresses that proxies have noted, the nearest one last. */
function hopsOf(headers: HeaderMap): string[] {
  const list = headers["x-forwarded-for"];
  if (list !== undefined) return list.split(",").map((entry) => addressOf(entry.trim()));
  const forwarded = headers["forwarded"];
  return forwarded === undefined ? [] : forwarded.split(",").map((entry) => addressOf(forOf(entry)));
}

const forParameter = /(?:^|;)\s*for=(?:"([^"]*)"|([^;\s]*))/i;

/** The `for` of one element of Forwarded. @see RFC 7239 §4 */
function forOf(element: string): string {
  const [, quoted, token] = forParameter.exec(element) ?? [];
  return quoted ?? token ?? "";
}

/** An address without brackets and port. */
function addressOf(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  return bracketed ?? (isIP(entry) === 0 ? entry.replace(/:\d+$/, "") : entry);
}

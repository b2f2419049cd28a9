import { isIP } from "node:net";

const usual = { host: "0.0.0.0", port: 8080 };

/**
 * Whether an upstream's URL plainly is the port that the node itself listens on; other names of the machine are not known.
 *
 * @param url as configured, of any type
 * @param listen the section of that name, as configured
 */
export function leadsBack(url: unknown, listen: { readonly host?: unknown; readonly port?: unknown }): boolean {
  if (typeof url !== "string" || !URL.canParse(url)) return false;
  const { hostname, port, protocol } = new URL(url);
  const { host = usual.host, port: ownPort = usual.port } = listen;
  if (typeof host !== "string" || (Number(port) || portOf(protocol)) !== ownPort) return false;
  const asked = plainHost(hostname);
  const own = plainHost(host);
  return asked === own || (isAny(own) && isOwn(asked)) || (isAny(asked) && isOwn(own)) || bothLocal(asked, own);
}

/** Whether two services on these addresses, as configured, are in each other's way on one port. */
export function hostsOverlap(one: string, other: string): boolean {
  const [a, b] = [plainHost(one), plainHost(other)];
  return a === b || isAny(a) || isAny(b) || bothLocal(a, b);
}

/** Whether an address, as configured, is reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(plainHost(host));
}

function portOf(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
}

function plainHost(host: string): string {
  return host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
}

const isAny = (host: string): boolean => host === "0.0.0.0" || host === "::";
const isOwn = (host: string): boolean => isAny(host) || isLoopback(host);

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** `localhost` is either of two addresses. */
function bothLocal(a: string, b: string): boolean {
  return (a === "localhost" && isLoopback(b)) || (b === "localhost" && isLoopback(a));
}

import { BlockList, isIP } from "node:net";
import type { Environment } from "./values.ts";

/** The variables that name a proxy for a scheme; the first that is set counts. */
const variables = { "http:": ["http_proxy", "HTTP_PROXY"], "https:": ["https_proxy", "HTTPS_PROXY"] } as const;
const exceptions = ["no_proxy", "NO_PROXY"] as const;

/** All environment variables that say by which proxy an upstream is reached. */
export const proxyVariables: readonly string[] = [...Object.values(variables).flat(), ...exceptions];

/** What the environment says of an upstream: its proxy, or the variable that is no URL of one. */
export type EnvironmentProxy = { readonly proxyUrl: string | undefined; readonly wrong?: string };

/**
 * The proxy that the environment names for a URL.
 *
 * @param url of an upstream, http or https
 * @returns `proxyUrl` with credentials where the variable holds some
 */
export function proxyFromEnvironment(url: string, env: Environment): EnvironmentProxy {
  const { protocol, hostname, port } = new URL(url);
  const names = protocol === "https:" ? variables["https:"] : variables["http:"];
  const name = names.find((each) => isSet(env[each]));
  if (name === undefined) return { proxyUrl: undefined };
  const without = exceptions.map((each) => env[each]).find(isSet) ?? "";
  const host = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  const ownPort = port === "" ? portOf(protocol) : port;
  if (without.split(/[\s,]+/).some((entry) => isExcepted(entry, host, ownPort))) return { proxyUrl: undefined };
  const proxyUrl = withScheme(env[name]?.trim() ?? "");
  return isProxyUrl(proxyUrl) ? { proxyUrl } : { proxyUrl: undefined, wrong: name };
}

/** Whether a text is the URL of an HTTP proxy. */
export function isProxyUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && hostname !== "" && pathname === "/" && search === "" && hash === "";
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}

function portOf(protocol: string): string {
  return protocol === "https:" ? "443" : "80";
}

function withScheme(text: string): string {
  return text.includes("://") ? text : `http://${text}`;
}

/**
 * Whether an entry of NO_PROXY is for a host: its name or one it ends in, an address, a network such as `10.0.0.0/8`, or `*`.
 */
function isExcepted(entry: string, host: string, port: string): boolean {
  if (entry === "") return false;
  const { name, wantedPort } = entryOf(entry);
  if (wantedPort !== undefined && wantedPort !== port) return false;
  if (name === "*") return true;
  if (isIP(host) !== 0) return name === host || isInNetwork(name, host);
  const subdomains = name.startsWith("*.");
  const domain = name
    .replace(/^\*?\./, "")
    .replace(/\.$/, "")
    .toLowerCase();
  return domain !== "" && ((!subdomains && host === domain) || host.endsWith(`.${domain}`));
}

function entryOf(entry: string): { readonly name: string; readonly wantedPort: string | undefined } {
  const [, bracketed, itsPort] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: bracketed, wantedPort: itsPort };
  const [, name, wantedPort] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name === undefined ? { name: entry, wantedPort: undefined } : { name, wantedPort };
}

function isInNetwork(network: string, host: string): boolean {
  const [address = "", bits] = network.split("/");
  const family = isIP(address);
  if (bits === undefined || family === 0 || family !== isIP(host)) return false;
  const type = family === 6 ? "ipv6" : "ipv4";
  const prefix = Number(bits);
  if (!/^\d+$/.test(bits) || prefix > (family === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(address, prefix, type);
  return list.check(host, type);
}

import type { Config } from "../config/schema.ts";

/** Where a node that has started can be found. */
export type StartedNode = {
  readonly config: Config;
  readonly trafficPort: number;
  readonly adminPort: number;
  /** Undefined when Envoy's ext_proc filter is not served. */
  readonly extProcPort: number | undefined;
  /** The configuration as it was given; undefined for the built-in one. */
  readonly file: string | undefined;
};

/** So many upstreams are named with their addresses. */
const maxUpstreams = 5;

/** What a node says when it serves: where it is, where traffic goes, where the dashboard is, and what to try first. */
export function startPage(node: StartedNode): string {
  const { config, trafficPort, adminPort, extProcPort, file } = node;
  const { listen, admin, extProc, rules, upstreams } = config;
  const names = Object.keys(upstreams);
  const reaches = names.length === 0 ? "everything is simulated" : `upstreams: ${names.join(", ")}`;
  const lines = [
    `stuntdouble serves ${schemeOf(config)}://${listen.host}:${trafficPort} (admin http://${admin.host}:${adminPort})`,
    ...(extProcPort === undefined ? [] : [`Envoy's ext_proc filter finds it at ${extProc?.host}:${extProcPort}`]),
    `configuration: ${file ?? "built in"}; ${rules.length} ${rules.length === 1 ? "rule" : "rules"}, ${reaches}`,
    ...traffic(config),
    `dashboard: http://${reachable(admin.host)}:${adminPort}/`,
    `try: ${firstRequest(config, trafficPort)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Where calls go; nothing where all are simulated. */
function traffic({ rules, upstreams, default: fallback }: Config): string[] {
  const all = Object.entries(upstreams);
  if (all.length === 0) return [];
  const shown = all.slice(0, maxUpstreams).map(([name, { url, urls }]) => `${name} is ${originOf(url ?? urls?.[0])}`);
  const more = all.length > maxUpstreams ? [`and ${all.length - maxUpstreams} more`] : [];
  const forwarded = fallback.upstream ?? all[0]?.[0] ?? "";
  const rest = { simulate: "is simulated", replay: "is replayed", forward: `goes to ${forwarded}` }[fallback.serve];
  return [
    `traffic: ${rules.length === 0 ? "everything" : "what no rule matches"} ${rest}; ${[...shown, ...more].join(", ")}`,
  ];
}

/** Without what an address may hold besides: a path, or a credential. */
function originOf(url: string | undefined): string {
  return url === undefined || !URL.canParse(url) ? "unknown" : new URL(url).origin;
}

/** A request that is simulated where that can be asked for, and has a key where one may be needed. */
function firstRequest(config: Config, port: number): string {
  const { upstreams, control, auth, listen } = config;
  const asks = Object.keys(upstreams).length > 0 && control.enabled && control.tokenEnv === undefined;
  const needsKey = auth.keys.length > 0 || (Object.keys(upstreams).length > 0 && !asks);
  const words = [
    `curl -s${listen.tls === undefined ? "" : "k"} ${schemeOf(config)}://${reachable(listen.host)}:${port}/v1/chat/completions`,
    "-H 'content-type: application/json'",
    ...(asks ? [`-H '${control.header}: simulate'`] : []),
    ...(needsKey ? ['-H "authorization: Bearer $API_KEY"'] : []),
    `-d '{"model":"gpt-4o","messages":[{"role":"user","content":"Say hello"}]}'`,
  ];
  return words.join(" ");
}

function schemeOf({ listen }: Config): "http" | "https" {
  return listen.tls === undefined ? "http" : "https";
}

/** An address of this machine, where a node listens on all of them. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

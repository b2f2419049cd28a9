import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import type { Settings } from "../../config/load.ts";
import { proxyFromEnvironment } from "../../config/proxy.ts";
import { fail, ok, warn, type Check } from "./types.ts";

const maxSkewMs = 2000;
const fewDays = 21;
const dayMs = 86_400_000;

/** Checks each upstream: its name, a connection, its certificate, its clock. Nothing is sent but a HEAD without a key. */
export async function upstreamChecks({ config: { upstreams }, upstreamFiles, env }: Settings): Promise<Check[]> {
  const checked = Object.entries(upstreams).map(async ([name, { url, urls, tls, proxyUrl, connectTimeoutMs }]) => {
    const { ca, cert, key } = upstreamFiles[name] ?? {};
    const secure = { ca, cert, key, servername: tls?.serverName };
    const all = [url, ...(urls ?? [])].filter((each) => each !== undefined);
    if (all.some((each) => (proxyUrl ?? proxyFromEnvironment(each, env).proxyUrl) !== undefined))
      return [ok(`upstream ${name}`, "it is reached through a proxy, and not checked from here")];
    const found = await Promise.all(
      all.map(async (each) => await urlChecks({ name, url: new URL(each), secure, connectTimeoutMs })),
    );
    return found.flat();
  });
  const found = (await Promise.all(checked)).flat();
  return found.length > 0 ? found : [ok("upstreams", "the configuration has none: everything is simulated")];
}

type Target = {
  readonly name: string;
  readonly url: URL;
  readonly secure: RequestOptions & { readonly servername?: string | undefined };
  readonly connectTimeoutMs: number;
};

async function urlChecks(target: Target): Promise<Check[]> {
  const { name, url } = target;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const label = `upstream ${name}`;
  if (isIP(host) === 0) {
    try {
      await lookup(host);
    } catch (error) {
      const next = `look it up with: getent hosts ${host}; is the URL right, and does the container have DNS?`;
      return [fail(label, `the name ${host} cannot be resolved (${codeOf(error)})`, next)];
    }
  }
  try {
    const { status, skewMs, daysLeft } = await ask(target);
    const certificate = daysLeft === undefined ? "" : `, its certificate is good for ${daysLeft} days`;
    return [
      daysLeft !== undefined && daysLeft < fewDays
        ? warn(label, `the certificate of ${host} ends in ${daysLeft} days`, "renew it, or ask the provider")
        : ok(label, `${url.origin} responds (${status} to a HEAD without a key)${certificate}`),
      ...clockCheck(host, skewMs),
    ];
  } catch (error) {
    return [unreached(label, url, codeOf(error))];
  }
}

function clockCheck(host: string, skewMs: number | undefined): Check[] {
  if (skewMs === undefined) return [];
  const seconds = (skewMs / 1000).toFixed(1);
  if (Math.abs(skewMs) <= maxSkewMs) return [ok("clock", `it agrees with that of ${host}`)];
  const found = `it differs from that of ${host} by ${seconds} s: times in records, logs and tokens are wrong`;
  return [warn("clock", found, "synchronize it: timedatectl set-ntp true")];
}

function unreached(label: string, url: URL, code: string): Check {
  const at = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  if (code === "ECONNREFUSED") return fail(label, `${at} refuses connections`, "is it running, and is the port right?");
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return fail(
      label,
      `the certificate of ${at} is for another name`,
      "correct the URL, or set tls.serverName of the upstream",
    );
  if (code === "CERT_HAS_EXPIRED")
    return fail(label, `the certificate of ${at} has expired`, "renew it, and look at the clock of this machine");
  if (/CERT|VERIFY|ISSUER|SELF_SIGNED/.test(code))
    return fail(
      label,
      `the certificate of ${at} is not trusted (${code})`,
      "set tls.caFile of the upstream to the authority that signed it",
    );
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return fail(
      label,
      `${at} does not speak TLS as asked for (${code})`,
      "is the URL https where the port is, and http otherwise?",
    );
  const next = `try: curl -I ${url.origin}; a firewall, a route or a missing proxy (proxyUrl) may be the reason`;
  return fail(label, `${at} cannot be reached (${code})`, next);
}

type Reached = { readonly status: number; readonly skewMs: number | undefined; readonly daysLeft: number | undefined };

async function ask({ url, secure, connectTimeoutMs }: Target): Promise<Reached> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const startedMs = Date.now();
  return await new Promise((resolve, reject) => {
    const asked = send(url, { method: "HEAD", agent: false, ...secure });
    asked.setTimeout(connectTimeoutMs, () => asked.destroy(Object.assign(new Error("timeout"), { code: "ETIMEDOUT" })));
    asked.on("error", reject);
    asked.on("response", (response) => {
      resolve({
        status: response.statusCode ?? 0,
        skewMs: skewOf(response, startedMs),
        daysLeft: daysLeftOf(response),
      });
      asked.destroy();
    });
    asked.end();
  });
}

/** How much our clock is ahead; the header has whole seconds, and was written between the request and the response. */
function skewOf({ headers: { date } }: IncomingMessage, startedMs: number): number | undefined {
  const theirsMs = date === undefined ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirsMs)) return undefined;
  const endedMs = Date.now();
  if (startedMs > theirsMs + 1000) return startedMs - theirsMs - 1000;
  return endedMs < theirsMs ? endedMs - theirsMs : 0;
}

function daysLeftOf({ socket }: IncomingMessage): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const endMs = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(endMs) ? undefined : Math.floor((endMs - Date.now()) / dayMs);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return "code" in error ? String(error.code) : error.message;
}

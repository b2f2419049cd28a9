import { isMapping, listOf, mapOf, type Finding, type Raw } from "./findings.ts";
import { hostsOverlap, isLoopbackHost } from "./own-address.ts";
import { admin, extProcSchema, listen } from "./ports.ts";

/**
 * What of the ports is hardly meant: one port for two services, or an open admin port on a node that can do harm.
 *
 * @param extProc Envoy's ext_proc filter is served, whether or not the file asks for it
 */
export function portWarnings(file: Raw, extProc: boolean): Finding[] {
  return [...samePorts(file, extProc), ...openAdmin(file)];
}

type Service = { readonly name: string; readonly host: string; readonly port: number };

function samePorts(file: Raw, extProc: boolean): Finding[] {
  const services = servicesOf(file, extProc);
  return services.flatMap((service, index): Finding[] => {
    const other = services.slice(0, index).find((each) => collide(each, service));
    if (other === undefined) return [];
    const { name, port } = service;
    const message = `port ${port} is also that of ${other.name}, so the node cannot start`;
    return [{ path: [name, "port"], at: "value", code: "same-port", message }];
  });
}

/** What a command line may say instead is not known here. */
function collide(one: Service, other: Service): boolean {
  return one.port === other.port && one.port !== 0 && hostsOverlap(one.host, other.host);
}

function servicesOf(file: Raw, extProc: boolean): Service[] {
  const usual = { listen: listen.parse({}), admin: admin.parse({}), extProc: extProcSchema.parse({}) };
  const names = ["listen", "admin", ...(extProc || isMapping(file["extProc"]) ? ["extProc" as const] : [])] as const;
  return names.map((name) => {
    const { host, port } = mapOf(file[name]);
    return {
      name,
      host: typeof host === "string" ? host : usual[name].host,
      port: typeof port === "number" ? port : usual[name].port,
    };
  });
}

function openAdmin(file: Raw): Finding[] {
  const { host, tokenSha256, tokenEnv } = mapOf(file["admin"]);
  if (typeof host !== "string" || isLoopbackHost(host) || tokenSha256 !== undefined || tokenEnv !== undefined)
    return [];
  const forwards = [...listOf(file["rules"]), file["default"]].some((action) => mapOf(action)["serve"] === "forward");
  const steers = mapOf(file["control"])["enabled"] === true;
  if (!forwards && !steers) return [];
  const what = forwards ? "forwards calls" : "takes the control header";
  const message = `anyone who reaches the admin port of this node, which ${what}, can use it; set admin.tokenEnv or admin.tokenSha256`;
  return [{ path: ["admin", "host"], at: "value", code: "open-admin", message }];
}

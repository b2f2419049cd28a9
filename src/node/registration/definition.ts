import { hostname } from "node:os";
import type { Config } from "../../config/schema.ts";

type ConsulConfig = NonNullable<Config["register"]>["consul"];

/** The ports that are really bound. */
export type BoundPorts = { readonly traffic: number; readonly admin: number };

/** A service as Consul's agent is told of it. */
export type ServiceDefinition = {
  readonly ID: string;
  readonly Name: string;
  readonly Address?: string;
  readonly Port: number;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  readonly Check: {
    readonly Name: string;
    readonly HTTP: string;
    readonly Interval: string;
    readonly Timeout: string;
    readonly DeregisterCriticalServiceAfter: string;
  };
};

const checkTimeoutMs = 5000;

/**
 * What the agent is told of a node.
 *
 * @see https://developer.hashicorp.com/consul/api-docs/agent/service
 */
export function serviceDefinition(
  consul: ConsulConfig,
  { admin }: Pick<Config, "admin">,
  ports: BoundPorts,
): ServiceDefinition {
  const { name, address, tags, meta, checkIntervalMs, deregisterAfterMs } = consul;
  const port = consul.port ?? ports.traffic;
  return {
    ID: consul.id ?? `${name}-${hostname()}-${port}`,
    Name: name,
    ...(address !== undefined && { Address: address }),
    Port: port,
    Tags: tags,
    Meta: meta,
    Check: {
      Name: "ready",
      HTTP: consul.checkUrl ?? `http://${reachable(admin.host, address)}:${ports.admin}/readyz`,
      Interval: `${checkIntervalMs}ms`,
      Timeout: `${checkTimeoutMs}ms`,
      DeregisterCriticalServiceAfter: `${deregisterAfterMs}ms`,
    },
  };
}

/** An agent of the same machine reaches a port on all addresses by the loopback address. */
function reachable(host: string, address: string | undefined): string {
  const isEverywhere = host === "0.0.0.0" || host === "::";
  const found = isEverywhere ? (address ?? "127.0.0.1") : host;
  return found.includes(":") ? `[${found}]` : found;
}

import { randomInt } from "node:crypto";
import { findEnvoyProgram } from "../test/support/programs/index.ts";
import { responses, startServer, type Running } from "./lib.ts";

/**
 * A port of Envoy, and to which port of this machine it gives its calls: as a plain proxy, or by its ext_proc filter in one
 * of its modes for request bodies.
 */
export type Way = {
  readonly port: number;
  /** In turns, where there are several. */
  readonly to: number | readonly number[];
  readonly by: "http" | "STREAMED" | "FULL_DUPLEX_STREAMED";
};

/**
 * Starts Envoy with one thread on the core of the load, with a listener for each way and the settings that docs/ext-proc.md
 * recommends.
 *
 * @throws when there is no Envoy
 */
export async function startEnvoy(adminPort: number, ways: readonly Way[]): Promise<Running> {
  const program = findEnvoyProgram();
  if (program === undefined) throw new Error("there is no envoy: not in PATH, and not named by STUNTDOUBLE_ENVOY");
  const config = {
    admin: { address: address(adminPort) },
    static_resources: { listeners: ways.map(listener), clusters: [...ways.map(cluster), nowhere] },
  };
  const flags = ["--config-yaml", JSON.stringify(config), "--concurrency", "1", "--log-level", "error"];
  const command = [program, ...flags, "--base-id", String(randomInt(1, 2 ** 30))];
  return await startServer(command, () => responses(adminPort, "/ready"), "1");
}

function listener(way: Way): object {
  const isProxy = way.by === "http";
  const route = { match: { prefix: "/" }, route: { cluster: isProxy ? nameOf(way) : nowhere.name, timeout: "0s" } };
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: nameOf(way),
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [route] }] },
    http_filters: [...(isProxy ? [] : [extProcFilter(way)]), router],
  };
  const filters = [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
  return { name: nameOf(way), address: address(way.port), filter_chains: [{ filters }] };
}

function extProcFilter(way: Way): object {
  return {
    name: "envoy.filters.http.ext_proc",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
      grpc_service: { envoy_grpc: { cluster_name: nameOf(way) } },
      message_timeout: "120s",
      processing_mode: {
        request_header_mode: "SEND",
        request_body_mode: way.by,
        // Full duplex is not allowed without.
        request_trailer_mode: way.by === "STREAMED" ? "SKIP" : "SEND",
        response_header_mode: "SEND",
      },
      allow_mode_override: true,
      mutation_rules: { allow_all_routing: true },
      metadata_options: { receiving_namespaces: { untyped: ["stuntdouble"] } },
      request_attributes: ["source.address"],
    },
  };
}

const router = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

function cluster(way: Way): object {
  return {
    ...endpoint(nameOf(way), way.to),
    circuit_breakers: {
      thresholds: [{ max_connections: 100_000, max_requests: 100_000, max_pending_requests: 100_000 }],
    },
    ...(way.by !== "http" && http2),
  };
}

const http2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 1000 } },
    },
  },
};

/** Where a call goes that the filter lets pass; none should. */
const nowhere = endpoint("nowhere", 1);

function endpoint(name: string, to: Way["to"]) {
  const ports = typeof to === "number" ? [to] : to;
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: ports.map((port) => ({ endpoint: { address: address(port) } })) }],
    },
  };
}

function nameOf({ by, to }: Way): string {
  return `${by}_${String(to)}`;
}

function address(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

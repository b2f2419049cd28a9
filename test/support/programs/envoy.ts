import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { findEngine } from "./engine.ts";
import { freePort } from "./gateway.ts";
import { until } from "../node.ts";
import { findEnvoyProgram } from "./index.ts";

/** The version that everything about Envoy is tested with. */
const envoyVersion = "1.40.0";

/** A running Envoy. */
export type Envoy = {
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  /** A statistic by its full name; 0 when there is none. */
  stat(name: string): Promise<number>;
  /** Every line of its access log so far; Envoy writes them late. */
  accessLog(): string[];
  /** Sends a POST to its admin port. */
  administer(path: string): Promise<void>;
  stop(): Promise<void>;
};

/** What the tests' Envoy does with its ext_proc filter; each member of `filter` replaces one of `filterSettings`. */
export type EnvoyOptions = {
  readonly extProcPort: number;
  /** Ports on 127.0.0.1 by the name that `x-stuntdouble-upstream` has; the first also takes all other calls. */
  readonly upstreams?: Readonly<Record<string, number>>;
  readonly filter?: Readonly<Record<string, unknown>>;
  /** Envoy speaks TLS to the sidecar, and trusts only this certificate, as PEM text. */
  readonly trusted?: string;
  /** Envoy asks by gRPC whether the sidecar is healthy. */
  readonly healthChecks?: boolean;
  /** How long a stream may be silent; 300 seconds when absent. */
  readonly streamIdleTimeout?: string;
  /** How long a whole request may take to arrive; without a limit when absent. */
  readonly requestTimeout?: string;
};

/** A way to a real Envoy: a program on this machine, or the engine that runs its container. */
export type EnvoyPlace = { readonly program: string } | "container";

/** `STUNTDOUBLE_ENVOY`, else in PATH, else what CI installs from a Python package, else a container where an engine responses. */
export function findEnvoy(): EnvoyPlace | undefined {
  const program = findEnvoyProgram();
  if (program !== undefined) return { program };
  return findEngine() === undefined ? undefined : "container";
}

/** The settings of the filter that docs/ext-proc.md recommends. */
const filterSettings = {
  failure_mode_allow: false,
  message_timeout: "120s",
  allow_mode_override: true,
  mutation_rules: { allow_all_routing: true },
  metadata_options: { receiving_namespaces: { untyped: ["stuntdouble"] } },
  request_attributes: ["source.address"],
  processing_mode: {
    request_header_mode: "SEND",
    response_header_mode: "SEND",
    request_body_mode: "STREAMED",
  },
};

/** Starts Envoy with its ext_proc filter, on 127.0.0.1 and a port of its own. */
export async function startEnvoy(place: EnvoyPlace, options: EnvoyOptions): Promise<Envoy> {
  const ports = await freePorts();
  return await launch(place, configOf(options, ports.port, ports.adminPort), ports);
}

/** The ports that a shipped configuration names, and what takes their place in a test. */
export type ShippedPorts = { readonly sidecar: number; readonly provider: number };

/** Starts Envoy with one of the configurations in `envoy/`, with ports of this machine in the place of those it names. */
export async function startShipped(place: EnvoyPlace, file: string, wanted: ShippedPorts): Promise<Envoy> {
  const ports = await freePorts();
  const text = readFileSync(path.join("envoy", file), "utf8")
    .replaceAll("port_value: 9901", `port_value: ${ports.adminPort}`)
    .replaceAll("port_value: 10000", `port_value: ${ports.port}`)
    .replaceAll(/port_value: 808[02]/g, `port_value: ${wanted.sidecar}`);
  const config = parse(text) as { static_resources: { clusters: { name: string }[] } };
  const { clusters } = config.static_resources;
  const provider = clusters.findIndex(({ name }) => name === "openai");
  clusters[provider] = cluster("openai", wanted.provider);
  return await launch(place, config, ports);
}

type Ports = { readonly port: number; readonly adminPort: number };

async function freePorts(): Promise<Ports> {
  return { port: await freePort(), adminPort: await freePort() };
}

async function launch(place: EnvoyPlace, object: object, { port, adminPort }: Ports): Promise<Envoy> {
  const config = JSON.stringify(object);
  const baseId = String(randomInt(1, 2 ** 30));
  const flags = [
    "--config-yaml",
    config,
    "--concurrency",
    "1",
    "--base-id",
    baseId,
    "--log-level",
    "warning",
    "--file-flush-interval-msec",
    "100",
  ];
  const running = place === "container" ? await runContainer(flags) : runProgram(place.program, flags);
  const admin = async (path: string): Promise<string | undefined> => {
    const response = await fetch(`http://127.0.0.1:${adminPort}${path}`, { headers: { connection: "close" } }).catch(
      () => undefined,
    );
    return response?.ok === true ? await response.text() : undefined;
  };
  await until("Envoy", () => {
    running.check();
    return admin("/ready");
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    adminUrl: `http://127.0.0.1:${adminPort}`,
    accessLog: () =>
      running
        .log()
        .split("\n")
        .filter((line) => line.startsWith("access ")),
    async administer(path) {
      await fetch(`http://127.0.0.1:${adminPort}${path}`, { method: "POST", headers: { connection: "close" } });
    },
    async stat(name) {
      const text = (await admin(`/stats?filter=^${name}$`)) ?? "";
      return Number(text.split(": ")[1] ?? 0);
    },
    stop: () => running.stop(),
  };
}

type Running = {
  log(): string;
  /** @throws when it has ended by itself */
  check(): void;
  stop(): Promise<void>;
};

function runProgram(program: string, flags: readonly string[]): Running {
  const child = spawn(program, flags, { stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout.on("data", (chunk: Buffer) => void (log += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (log += chunk.toString()));
  return {
    log: () => log,
    check() {
      if (child.exitCode !== null) throw new Error(`Envoy ended: ${log}`);
    },
    async stop() {
      if (child.exitCode !== null) return;
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** It shares this machine's network, so that all is on 127.0.0.1 as with a program. */
async function runContainer(flags: readonly string[]): Promise<Running> {
  const { GenericContainer } = await import("testcontainers");
  let log = "";
  const container = await new GenericContainer(`envoyproxy/envoy:v${envoyVersion}`)
    .withNetworkMode("host")
    .withCommand([...flags])
    .withLogConsumer((stream) => void stream.on("data", (chunk: Buffer) => void (log += chunk.toString())))
    .start();
  return {
    log: () => log,
    check: () => undefined,
    async stop() {
      await container.stop();
    },
  };
}

function configOf(options: EnvoyOptions, port: number, adminPort: number): object {
  const upstreams = Object.entries(options.upstreams ?? { none: 1 });
  const [first] = upstreams;
  const route = (cluster: string) => ({ cluster, timeout: "0s" });
  const routes = [
    ...upstreams.map(([name]) => ({
      match: {
        prefix: "/",
        headers: [{ name: "x-stuntdouble-upstream", string_match: { exact: name } }],
      },
      route: route(name),
    })),
    { match: { prefix: "/" }, route: route(first![0]) },
  ];
  const http = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "http",
    ...(options.streamIdleTimeout !== undefined && { stream_idle_timeout: options.streamIdleTimeout }),
    ...(options.requestTimeout !== undefined && { request_timeout: options.requestTimeout }),
    access_log: [accessLog],
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [
      {
        name: "envoy.filters.http.ext_proc",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
          grpc_service: { envoy_grpc: { cluster_name: "stuntdouble" } },
          ...filterSettings,
          ...options.filter,
        },
      },
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return {
    admin: { address: address(adminPort) },
    static_resources: {
      listeners: [
        {
          name: "traffic",
          address: address(port),
          filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: http }] }],
        },
      ],
      clusters: [
        {
          ...cluster("stuntdouble", options.extProcPort),
          ...http2,
          circuit_breakers: breakers,
          ...(options.healthChecks === true && healthChecks),
          ...(options.trusted !== undefined && { transport_socket: tlsTo("localhost", options.trusted) }),
        },
        ...upstreams.map(([name, upstreamPort]) => cluster(name, upstreamPort)),
      ],
    },
  };
}

const accessLog = {
  name: "envoy.access_loggers.stdout",
  typed_config: {
    "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
    log_format: {
      text_format_source: {
        inline_string:
          "access %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %DYNAMIC_METADATA(stuntdouble:decision)% %DYNAMIC_METADATA(stuntdouble:rule)% %UPSTREAM_CLUSTER%\n",
      },
    },
  },
};

const http2 = {
  typed_extension_protocol_options: {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
      explicit_http_config: { http2_protocol_options: { max_concurrent_streams: 1000 } },
    },
  },
};

function tlsTo(name: string, trusted: string) {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      sni: name,
      common_tls_context: {
        alpn_protocols: ["h2"],
        validation_context: {
          trusted_ca: { inline_string: trusted },
          match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: name } }],
        },
      },
    },
  };
}

const breakers = {
  thresholds: [{ max_connections: 100_000, max_requests: 100_000, max_pending_requests: 100_000 }],
};

const healthChecks = {
  health_checks: [
    {
      timeout: "0.3s",
      interval: "0.2s",
      no_traffic_interval: "0.2s",
      unhealthy_threshold: 2,
      healthy_threshold: 1,
      grpc_health_check: {},
    },
  ],
  common_lb_config: { healthy_panic_threshold: { value: 0 } },
};

function cluster(name: string, port: number) {
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: address(port) } }] }],
    },
  };
}

function address(port: number) {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { freePort, startGateway, type Gateway } from "../programs/gateway.ts";

type Json = Readonly<Record<string, unknown>>;

/** What a resource of Kubernetes puts into Envoy: its filter, and the cluster of Stuntdouble where it has one. */
export type Parts = { readonly filter: object; readonly cluster?: object };

type Patch = { readonly applyTo: string; readonly patch: { readonly value: Json } };

const read = (file: string): Json[] =>
  parseAllDocuments(readFileSync(path.join(import.meta.dirname, "../../../plugins", file), "utf8")).map(
    (document) => document.toJS() as Json,
  );

/** The filter and the cluster that `istio/ext-proc.yaml` patches into Envoy, word for word. */
export function istioParts(): Parts {
  const [resource] = read("istio/ext-proc.yaml") as { spec: { configPatches: Patch[] } }[] & Json[];
  const valueOf = (kind: string): Json =>
    resource?.spec.configPatches.find(({ applyTo }) => applyTo === kind)?.patch.value ?? {};
  return { filter: valueOf("HTTP_FILTER"), cluster: valueOf("CLUSTER") };
}

type Policy = {
  readonly spec: {
    readonly extProc: readonly {
      readonly failOpen: boolean;
      readonly statusOnError: number;
      readonly messageTimeout: string;
      readonly processingMode: {
        readonly allowModeOverride: boolean;
        readonly request: { readonly body: string; readonly attributes: readonly string[] };
      };
      readonly metadata: { readonly writableNamespaces: readonly string[] };
    }[];
  };
};

/** The filter that Envoy Gateway makes of `envoy-gateway/ext-proc.yaml`, by the mapping that its documentation tells. */
export function envoyGatewayParts(): Parts {
  const [policy] = read("envoy-gateway/ext-proc.yaml") as Policy[] & Json[];
  const [extProc] = policy?.spec.extProc ?? [];
  const mode = extProc?.processingMode;
  const config = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
    grpc_service: { envoy_grpc: { cluster_name: "stuntdouble" } },
    failure_mode_allow: extProc?.failOpen,
    status_on_error: { code: extProc?.statusOnError },
    message_timeout: extProc?.messageTimeout,
    allow_mode_override: mode?.allowModeOverride,
    request_attributes: mode?.request.attributes,
    metadata_options: { receiving_namespaces: { untyped: extProc?.metadata.writableNamespaces } },
    processing_mode: {
      request_header_mode: "SEND",
      request_body_mode: mode?.request.body.toUpperCase(),
      response_header_mode: "SEND",
    },
  };
  return { filter: { name: "envoy.filters.http.ext_proc", typed_config: config } };
}

type Cluster = { name: string };
type Bootstrap = {
  static_resources: {
    listeners: { filter_chains: { filters: { typed_config: { http_filters: object[] } }[] }[] }[];
    clusters: Cluster[];
  };
};

/** Starts Envoy with `envoy/fail-open.yaml`, in which other parts stand for those of ext_proc. */
export async function startWithParts(
  envoy: string,
  { filter, cluster }: Parts,
  ports: { readonly extProc: number; readonly provider: number },
): Promise<Gateway & { readonly url: string }> {
  const [listen, admin] = [await freePort(), await freePort()];
  const config = parse(
    readFileSync(path.join(import.meta.dirname, "../../../envoy/fail-open.yaml"), "utf8"),
  ) as Bootstrap;
  const { listeners, clusters } = config.static_resources;
  listeners[0]!.filter_chains[0]!.filters[0]!.typed_config.http_filters[0] = filter;
  config.static_resources.clusters = clusters.map((each) => {
    if (each.name === "openai") return plainCluster("openai", ports.provider);
    return { ...each, ...cluster, name: each.name };
  });
  const text = JSON.stringify(config)
    .replaceAll("stuntdouble.default.svc.cluster.local", "127.0.0.1")
    .replaceAll('"port_value":9901', `"port_value":${admin}`)
    .replaceAll('"port_value":10000', `"port_value":${listen}`)
    .replaceAll('"port_value":8082', `"port_value":${ports.extProc}`);
  const file = path.join(mkdtempSync(path.join(tmpdir(), "stuntdouble-")), "envoy.json");
  writeFileSync(file, text);
  const args = ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"];
  const gateway = await startGateway([envoy, ...args], { port: listen, cwd: tmpdir(), env: {} });
  return { ...gateway, url: `http://127.0.0.1:${listen}` };
}

function plainCluster(name: string, port: number): object & Cluster {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  const endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }];
  const settings = { type: "STATIC", connect_timeout: "1s", load_assignment: { cluster_name: name, endpoints } };
  return { name, ...settings };
}

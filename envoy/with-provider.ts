// Prints a configuration of this folder for a provider at another place, with TLS only for https:
//   envoy --config-yaml "$(node envoy/with-provider.ts header-switch.yaml http://127.0.0.1:9000)"
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse, stringify } from "yaml";

type Cluster = { name: string; type?: string; transport_socket?: object; load_assignment?: object };
type Bootstrap = { static_resources: { clusters: Cluster[] } };

const providers = new Set(["provider", "openai"]);

/** The cluster for another provider; its own TLS settings stay where it is asked by https, with the other name. */
function moved(cluster: Cluster, { protocol, hostname, port }: URL): Cluster {
  const { transport_socket: tls, ...plain } = cluster;
  const address = {
    socket_address: { address: hostname, port_value: Number(port || (protocol === "http:" ? 80 : 443)) },
  };
  const endpoints = [{ lb_endpoints: [{ endpoint: { hostname, address } }] }];
  const there = { ...plain, load_assignment: { cluster_name: cluster.name, endpoints } };
  if (protocol === "http:") return there;
  const named = JSON.parse(JSON.stringify(tls).replaceAll("api.openai.com", hostname)) as object;
  return { ...there, transport_socket: named };
}

const [file = "", url = ""] = process.argv.slice(2);
const config = parse(readFileSync(path.join(import.meta.dirname, file), "utf8")) as Bootstrap;
const place = new URL(url);
const { clusters } = config.static_resources;
for (const [index, cluster] of clusters.entries())
  if (providers.has(cluster.name)) clusters[index] = moved(cluster, place);
process.stdout.write(
  stringify(config, { aliasDuplicateObjects: false }).replaceAll(
    "host_rewrite_literal: api.openai.com",
    `host_rewrite_literal: ${place.host}`,
  ),
);

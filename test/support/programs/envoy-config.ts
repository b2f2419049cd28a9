import { readFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";

/** Where the parts of an example configuration of Envoy are, instead of where it says. */
export type Places = {
  readonly listen: number;
  readonly admin: number;
  readonly stuntdouble: number;
  readonly stuntdoubleAdmin: number;
  /** A provider of the test, on this machine and without TLS. */
  readonly provider: number;
};

type Address = { address: string; port_value: number };
type Endpoint = {
  hostname?: string;
  address: { socket_address: Address };
  health_check_config?: { port_value: number };
};
type Cluster = {
  name: string;
  type?: string;
  transport_socket?: unknown;
  load_assignment?: { endpoints: { lb_endpoints: { endpoint: Endpoint }[] }[] };
};
type Bootstrap = {
  admin: { address: { socket_address: Address } };
  static_resources: { listeners: { address: { socket_address: Address } }[]; clusters: Cluster[] };
};

/** The text of an example in `envoy/`, with other addresses and the provider's TLS taken out, and nothing else changed. */
export async function adapted(name: string, places: Places): Promise<string> {
  const file = path.join(import.meta.dirname, "../../../envoy", name);
  const config = parse(await readFile(file, "utf8")) as Bootstrap;
  config.admin.address.socket_address.port_value = places.admin;
  config.static_resources.listeners[0]!.address.socket_address.port_value = places.listen;
  for (const cluster of config.static_resources.clusters) {
    const endpoint = cluster.load_assignment?.endpoints[0]?.lb_endpoints[0]?.endpoint;
    if (endpoint === undefined) continue;
    const { socket_address: address } = endpoint.address;
    address.address = "127.0.0.1";
    if (cluster.name === "stuntdouble") {
      address.port_value = places.stuntdouble;
      endpoint.health_check_config = { port_value: places.stuntdoubleAdmin };
    } else {
      address.port_value = places.provider;
      cluster.type = "STATIC";
      delete cluster.transport_socket;
    }
  }
  return stringify(config, { aliasDuplicateObjects: false });
}

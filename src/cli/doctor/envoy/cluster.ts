import { fail, ok, warn, type Check } from "../types.ts";
import { isPart, listOf, nameOf, partOf, type Part } from "./parts.ts";

/** Envoy allows so many concurrent requests to a cluster, unless it is told otherwise. */
const defaultMaxRequests = 1024;

/**
 * Checks the cluster over which Envoy reaches Stuntdouble.
 *
 * @param name undefined where the filter names none
 */
export function clusterChecks(name: string | undefined, clusters: readonly Part[]): Check[] {
  const label = `cluster ${name ?? "of ext_proc"}`;
  const cluster = clusters.find((each) => nameOf(each) === name);
  if (cluster === undefined) return [fail(label, "there is no such cluster", "add it, as in envoy/ext-proc.yaml")];
  return [limitCheck(label, cluster), healthCheck(label, cluster), panicCheck(label, cluster)];
}

function limitCheck(label: string, cluster: Part): Check {
  const name = `${label}: circuit_breakers`;
  const [threshold] = listOf(partOf(cluster, "circuit_breakers")["thresholds"]);
  const { max_requests: max } = partOf(threshold);
  const count = typeof max === "number" ? max : defaultMaxRequests;
  if (count > defaultMaxRequests) return ok(name, `max_requests is ${count}`);
  const found = `max_requests is ${count}: each call is a gRPC stream for as long as it lasts, and the next one fails`;
  return warn(name, found, "set max_requests, max_connections and max_pending_requests to 100000");
}

function healthCheck(label: string, cluster: Part): Check {
  const name = `${label}: health_checks`;
  const check = listOf(cluster["health_checks"]).find((each) => isPart(each) && "grpc_health_check" in each);
  if (check === undefined)
    return warn(
      name,
      "there is no grpc_health_check: calls wait for a node that is frozen",
      "add one, as in envoy/ext-proc.yaml",
    );
  if (partOf(check)["no_traffic_interval"] !== undefined)
    return ok(name, "grpc_health_check, with no_traffic_interval");
  return warn(
    name,
    "without no_traffic_interval a new cluster is checked once a minute",
    "set no_traffic_interval: 1s",
  );
}

function panicCheck(label: string, cluster: Part): Check {
  const name = `${label}: healthy_panic_threshold`;
  const threshold = partOf(cluster, "common_lb_config")["healthy_panic_threshold"];
  // Percent is a message, whose value of 0 is left out.
  if (isPart(threshold) && (threshold["value"] ?? 0) === 0) return ok(name, "0");
  const found = "it is not 0: Envoy sends calls to a node that is unhealthy if there is no other";
  return warn(name, found, "set common_lb_config: { healthy_panic_threshold: { value: 0 } }");
}

import { StuntdoubleError } from "../../../core/errors.ts";
import { fail, ok, warn, type Check } from "../types.ts";
import { clusterChecks } from "./cluster.ts";
import { filterChecks } from "./filter.ts";
import { durationMs, findAll, isPart, partOf, type Part } from "./parts.ts";

const maxWaitMs = 5000;
const filterType = "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor";

/**
 * Checks how a running Envoy is configured.
 *
 * @param admin URL of its admin port
 * @throws CONFIG_INVALID for a URL that is none
 */
export async function envoyChecks(admin: string): Promise<Check[]> {
  if (!URL.canParse(admin) || !/^https?:$/.test(new URL(admin).protocol))
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      `--envoy must be a URL such as http://127.0.0.1:9901, not "${admin}".`,
    );
  const dump = await readDump(admin);
  if ("result" in dump) return [dump];
  const filters = findAll(dump.configs, (part) => part["@type"] === filterType);
  const clusters = findAll(dump.configs, (part) => "cluster" in part).flatMap(({ cluster }) =>
    isPart(cluster) ? [cluster] : [],
  );
  const route = routeCheck(dump.configs);
  if (filters.length === 0)
    return [ok("ext_proc", "Envoy has no such filter: Stuntdouble is an upstream like others"), route];
  return [
    ...filters.flatMap((filter) => [...filterChecks(filter), ...clusterChecks(clusterOf(filter), clusters)]),
    route,
  ];
}

type Dump = { readonly configs: unknown };

async function readDump(admin: string): Promise<Dump | Check> {
  const next = "give the URL of Envoy's admin port, such as http://127.0.0.1:9901";
  try {
    const response = await fetch(new URL("/config_dump", admin), { signal: AbortSignal.timeout(maxWaitMs) });
    if (!response.ok) return fail("Envoy", `${admin} responded with ${response.status} to /config_dump`, next);
    const dump: unknown = await response.json();
    return { configs: partOf(dump)["configs"] };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return fail("Envoy", `the configuration at ${admin} cannot be read: ${cause}`, next);
  }
}

function clusterOf(filter: Part): string | undefined {
  const { cluster_name: name } = partOf(filter, "grpc_service", "envoy_grpc");
  return typeof name === "string" ? name : undefined;
}

/** Envoy ends a response after 15 seconds, unless the route says otherwise. */
function routeCheck(configs: unknown): Check {
  const name = "routes: timeout";
  const actions = findAll(configs, (part) => "match" in part && isPart(part["route"])).map((part) =>
    partOf(part, "route"),
  );
  const limited = actions.filter(({ timeout }) => durationMs(timeout) !== 0);
  if (limited.length === 0) return ok(name, "no route ends long responses");
  const found = `${limited.length} of ${actions.length} routes end responses that take long, after 15 s where nothing is said`;
  return warn(name, found, "set timeout: 0s of the routes for LLM calls");
}

import type { Reading } from "../../emit/metrics.ts";
import type { Fleet } from "./fleet.ts";

/** The metrics of what nodes share; none where nothing is shared. */
export function fleetReadings(fleet: Pick<Fleet, "memory" | "nodes"> | undefined): Reading[] {
  if (fleet === undefined) return [];
  const { memory } = fleet;
  const nodes = fleet.nodes();
  return [
    { name: "redis_up", value: memory.isUp() ? 1 : 0 },
    ...memory.errors().map(([reason, value]): Reading => ({ name: "redis_errors_total", labels: [reason], value })),
    { name: "rate_limits_local_total", value: memory.alone() },
    { name: "fleet_nodes", value: memory.nodes() },
    { name: "fleet_config_hashes", value: Math.max(1, new Set(nodes.map(({ hash }) => hash)).size) },
  ];
}

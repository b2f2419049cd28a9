import { shownTotals, sumOf } from "../../core/node-report.ts";
import { driftRatios } from "../../core/shadow/drift.ts";
import { sends } from "../described.ts";
import { nodeDrift, nodeList } from "../shapes/node.ts";
import { json, route, type FleetView, type Resource } from "../resource.ts";

/** `/admin/v1/nodes`: the nodes that share. */
export const nodes: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/nodes",
      summary:
        "the nodes that share, each with its configuration and its calls, and the calls of all together; empty without `shared`",
      responds: sends(nodeList),
      respond: async ({ node: { fleet } }) =>
        json(fleet === undefined ? { shared: false, nodes: [] } : await nodesOf(fleet)),
    }),
    route({
      method: "GET",
      path: "/admin/v1/nodes/drift",
      summary:
        "simulated / real times of mirrored calls in the last 10 to 20 minutes, over all nodes; empty without `shared`",
      responds: sends(nodeDrift),
      async respond({ node: { fleet } }) {
        if (fleet === undefined) return json({ shared: false, nodes: [], ratios: [] });
        const reports = await fleet.reports();
        const drift = [...reports.values()].map((report) => report.drift);
        const ratios = driftRatios(drift, (model) => model);
        return json({ shared: true, redisUp: fleet.memory.isUp(), nodes: [...reports.keys()], ratios });
      },
    }),
  ],
};

async function nodesOf(fleet: FleetView) {
  const reports = await fleet.reports();
  const found = fleet.nodes().map(({ startedAtMs, ...about }) => {
    const report = reports.get(about.name);
    return {
      ...about,
      startedAt: timeOf(startedAtMs),
      isThis: about.name === fleet.name,
      ...(report !== undefined && { totals: shownTotals(report.totals) }),
    };
  });
  const hashes = new Set(found.map(({ hash }) => hash));
  const totals = shownTotals(sumOf([...reports.values()].map((report) => report.totals)));
  return { shared: true, redisUp: fleet.memory.isUp(), differ: hashes.size > 1, totals, nodes: found };
}

/** What another node says may be no time. */
function timeOf(ms: number): string | undefined {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}

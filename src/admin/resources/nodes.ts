import { sends } from "../described.ts";
import { nodeList } from "../shapes/node.ts";
import { json, route, type Resource } from "../resource.ts";

/** `GET /admin/v1/nodes`: the nodes that share. */
export const nodes: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/nodes",
      summary:
        "the nodes that share, each with the generation and the hash of its configuration; empty without `shared`",
      responds: sends(nodeList),
      respond({ node: { fleet } }) {
        if (fleet === undefined) return json({ shared: false, nodes: [] });
        const found = fleet.nodes().map(({ startedAtMs, ...about }) => {
          return { ...about, startedAt: timeOf(startedAtMs), isThis: about.name === fleet.name };
        });
        const hashes = new Set(found.map(({ hash }) => hash));
        return json({ shared: true, redisUp: fleet.memory.isUp(), differ: hashes.size > 1, nodes: found });
      },
    }),
  ],
};

/** What another node says may be no time. */
function timeOf(ms: number): string | undefined {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : undefined;
}

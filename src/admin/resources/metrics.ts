import { route, type Resource } from "../resource.ts";

/** `GET /metrics`: the metrics of the whole node for Prometheus. */
export const metrics: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/metrics",
      summary: "metrics in Prometheus text format",
      respond: async ({ node }) => ({
        status: 200,
        type: "text/plain; version=0.0.4; charset=utf-8",
        text: await node.metrics(),
      }),
    }),
  ],
};

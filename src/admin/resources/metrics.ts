import { preferredType } from "../accept.ts";
import { question } from "../question.ts";
import { route, type AdminResponse, type MetricsForm, type NodeView, type Resource, type Route } from "../resource.ts";

/** The calls that stand for the buckets of histograms; none where `metrics.exemplars` is off. */
export const exemplars = question({
  name: "exemplars",
  reply: (loop) => loop.exemplars?.list() ?? [],
  merge: (replies) => replies.flat(),
});

const plain = "text/plain";
const openMetrics = "application/openmetrics-text";
const types = {
  [plain]: "text/plain; version=0.0.4; charset=utf-8",
  [openMetrics]: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** `GET /metrics`: the metrics of the whole node for Prometheus, and under the names of others. */
export const metrics: Resource = {
  questions: [exemplars],
  routes: [
    route({
      method: "GET",
      path: "/metrics",
      summary: "metrics in Prometheus text format, or in OpenMetrics where `Accept` prefers it",
      responds: [{ type: types[plain] }, { type: types[openMetrics] }],
      async respond({ node, accept }) {
        const isOpen = preferredType(accept, [plain, openMetrics]) === openMetrics;
        return isOpen ? await written(node, "openMetrics", openMetrics) : await written(node, "text");
      },
    }),
    underNames("/metrics/vllm", "metrics under the names of vLLM", "vllm"),
    underNames("/metrics/gen-ai", "metrics under the names of OpenTelemetry for generative AI", "genAi"),
  ],
};

function underNames(path: string, summary: string, form: MetricsForm): Route {
  return route({
    method: "GET",
    path,
    summary,
    responds: { type: types[plain] },
    respond: ({ node }) => written(node, form),
  });
}

async function written(node: NodeView, form: MetricsForm, type: keyof typeof types = plain): Promise<AdminResponse> {
  return { status: 200, type: types[type], text: await node.metrics(form) };
}

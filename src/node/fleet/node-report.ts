import type { NodeView, Total } from "../../admin/resource.ts";
import type { NodeReport } from "../../core/node-report.ts";
import { addedUp, type Histogram } from "../../core/statistics/histogram.ts";
import { driftOfShadow } from "../questions.ts";

/** What a node tells others of its calls. @param nowMs milliseconds since 1970 */
export async function nodeReport(
  { status, totals, ask }: Pick<NodeView, "status" | "totals" | "ask">,
  nowMs: number,
): Promise<NodeReport> {
  const { inFlight, waiting } = status();
  const counted = totals();
  return {
    totals: {
      calls: sumOf(counted, "requests_total"),
      errors: sumOf(counted, "errors_total"),
      inFlight,
      waiting,
      totalMs: histogramOf(counted, "request_duration_seconds"),
      ttftMs: histogramOf(counted, "time_to_first_token_seconds"),
    },
    drift: (await ask(driftOfShadow, nowMs)).flat(),
  };
}

function sumOf(counted: readonly Total[], wanted: string): number {
  return counted.reduce((all, { metric, values: [value = 0] }) => (metric === wanted ? all + value : all), 0);
}

function histogramOf(counted: readonly Total[], wanted: string): Histogram {
  const parts = counted.flatMap(({ metric, values, boundsMs }): Histogram[] => {
    if (metric !== wanted || boundsMs === undefined) return [];
    const bounds = Array.from(boundsMs);
    return [{ bounds, counts: values.slice(0, bounds.length + 1) }];
  });
  return addedUp(parts);
}

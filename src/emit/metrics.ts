import { collectDefaultMetrics, Registry } from "prom-client";
import {
  metricPrefix,
  recorded,
  recordedNames,
  reported,
  reportedNames,
  type Metric,
  type MetricType,
  type RecordedName,
  type ReportedName,
} from "./catalog.ts";
import { add } from "./histogram.ts";
import { createSeriesTable, valuesLength, widthOf, type Series } from "./series.ts";

export { createRecorder } from "./recorder.ts";
export type { Series } from "./series.ts";

/** What one event loop with traffic has recorded. */
export type WorkerValues = { readonly series: readonly Series[]; readonly values: Float64Array };

/** One number that the node reports about itself. `labels` are the values in the order of the catalog. */
export type Reading = {
  readonly name: ReportedName;
  readonly value: number;
  readonly labels?: readonly string[];
};

/** Where a scrape gets its numbers. */
export type ScrapeOptions = {
  workers(): readonly WorkerValues[];
  readings(): Promise<readonly Reading[]> | readonly Reading[];
};

/** Gives the metrics of the whole node as Prometheus text. */
export type Scrape = {
  /** Prometheus text format 0.0.4. */
  text(): Promise<string>;
  /** What the event loops recorded, added up, without the node's own readings. */
  totals(): readonly Total[];
};

/** One label set of a recorded metric; see `widthOf` for its values. */
export type Total = {
  readonly metric: RecordedName;
  readonly labels: readonly string[];
  readonly values: readonly number[];
  readonly boundsMs?: Float64Array;
};

type Sample = {
  value: number;
  metricName?: string;
  labels?: Record<string, string | number>;
  sharedLabels?: Record<string, string>;
};
type Collected = { name: string; help: string; type: MetricType; values: Sample[]; aggregator: "sum" };

/** Gauges of prom-client whose names end like counters, which `promtool check metrics` refuses. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/**
 * Makes the scrape of a node: sums what the event loops recorded and adds the node's own readings.
 *
 * The cap on label sets holds for the sum too. A label set that was admitted once stays, so no counter goes back.
 */
export function createScrape(options: ScrapeOptions): Scrape {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);

  const table = createSeriesTable({});
  const sums = new Float64Array(valuesLength);
  const shared = new Map<Series, Record<string, string>>();
  const labelsOf = (series: Series): Record<string, string> => {
    let labels = shared.get(series);
    if (labels === undefined) shared.set(series, (labels = named(recorded[series.metric].labels, series.labels)));
    return labels;
  };
  let readings: readonly Reading[] = [];

  for (const name of recordedNames) {
    register(registry, name, () =>
      table.all().flatMap((series) => (series.metric === name ? samplesOf(series, sums, labelsOf(series)) : [])),
    );
  }
  for (const name of reportedNames) {
    register(registry, name, () =>
      readings
        .filter((reading) => reading.name === name)
        .map(({ value, labels = [] }) => ({ value, labels: named(reported[name].labels, labels) })),
    );
  }

  return {
    async text() {
      readings = await options.readings();
      sum(options.workers(), table, sums);
      return registry.metrics();
    },
    totals() {
      sum(options.workers(), table, sums);
      return table.all().map((series) => totalOf(series, sums));
    },
  };
}

function totalOf({ metric, labels, index }: Series, sums: Float64Array): Total {
  const { bucketsMs }: Metric = recorded[metric];
  const values = [...sums.subarray(index, index + widthOf(metric))];
  return { metric, labels, values, ...(bucketsMs !== undefined && { boundsMs: bucketsMs }) };
}

const metrics = { ...recorded, ...reported };

/** prom-client asks a metric for nothing but its name and `get`, which its types do not say. */
function register(registry: Registry, shortName: RecordedName | ReportedName, values: () => Sample[]): void {
  const name = metricPrefix + shortName;
  const { help, type }: Metric = metrics[shortName];
  const source = {
    name,
    get: async (): Promise<Collected> => ({ name, help, type, values: values(), aggregator: "sum" }),
  };
  registry.registerMetric(source as never);
}

function sum(workers: readonly WorkerValues[], table: ReturnType<typeof createSeriesTable>, sums: Float64Array): void {
  sums.fill(0);
  for (const { series, values } of workers) {
    for (const { metric, labels, index } of series) {
      const at = table.resolve(metric, labels);
      const width = widthOf(metric);
      for (let offset = 0; offset < width; offset += 1) add(sums, at + offset, values[index + offset] ?? 0);
    }
  }
}

function samplesOf(series: Series, sums: Float64Array, sharedLabels: Record<string, string>): Sample[] {
  const metric: Metric = recorded[series.metric];
  if (metric.bucketsMs === undefined) return [{ value: sums[series.index] ?? 0, sharedLabels }];
  const name = metricPrefix + series.metric;
  const samples: Sample[] = [];
  let count = 0;
  for (const [at, boundMs] of metric.bucketsMs.entries()) {
    count += sums[series.index + at] ?? 0;
    samples.push({ metricName: `${name}_bucket`, value: count, labels: { le: boundMs / 1000 }, sharedLabels });
  }
  const above = series.index + metric.bucketsMs.length;
  count += sums[above] ?? 0;
  samples.push(
    { metricName: `${name}_bucket`, value: count, labels: { le: "+Inf" }, sharedLabels },
    { metricName: `${name}_sum`, value: sums[above + 1] ?? 0, sharedLabels },
    { metricName: `${name}_count`, value: count, sharedLabels },
  );
  return samples;
}

function named(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
}

import { collectDefaultMetrics, Registry } from "prom-client";
import {
  metricPrefix,
  recorded,
  recordedNames,
  reportedNames,
  type RecordedName,
  type ReportedName,
} from "./catalog.ts";
import type { Metric, MetricType } from "./metric.ts";
import { reported } from "./reported.ts";
import type { RecordedValues } from "./exposition/families.ts";
import { genAiText } from "./exposition/gen-ai.ts";
import type { Exemplar } from "../core/records/exemplar.ts";
import { openMetricsText } from "./exposition/open-metrics.ts";
import { vllmText, type EngineUse, type VllmSource } from "./exposition/vllm.ts";
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
  /** What simulated servers that work in batches are doing. */
  engines?(): readonly EngineUse[];
};

/** Gives the metrics of the whole node in Prometheus text format 0.0.4, but for `openMetrics`. */
export type Scrape = {
  text(): Promise<string>;
  /** OpenMetrics 1.0. @param exemplars calls to be found at buckets of histograms */
  openMetrics(exemplars: readonly Exemplar[]): Promise<string>;
  /** Under the names of vLLM. */
  vllm(): Promise<string>;
  /** Under the names of OpenTelemetry's conventions for generative AI. */
  genAi(): Promise<string>;
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

/** What all event loops have recorded together. */
type Sums = {
  /** Adds it up anew. */
  renew(): void;
  samples(name: RecordedName): Sample[];
  recorded(name: RecordedName): RecordedValues[];
  all(): Total[];
};

/** The cap on label sets holds for the sum too. A label set that was admitted once stays, so no counter goes back. */
function createSums(workers: ScrapeOptions["workers"]): Sums {
  const table = createSeriesTable({});
  const sums = new Float64Array(valuesLength);
  const shared = new Map<Series, Record<string, string>>();
  const labelsOf = (series: Series): Record<string, string> => {
    let labels = shared.get(series);
    if (labels === undefined) shared.set(series, (labels = named(recorded[series.metric].labels, series.labels)));
    return labels;
  };
  const seriesOf = (name: RecordedName): Series[] => table.all().filter(({ metric }) => metric === name);
  return {
    renew: () => sum(workers(), table, sums),
    samples: (name) => seriesOf(name).flatMap((series) => samplesOf(series, sums, labelsOf(series))),
    recorded: (name) => seriesOf(name).map((series) => ({ labels: labelsOf(series), values: valuesOf(series, sums) })),
    all: () => table.all().map((series) => totalOf(series, sums)),
  };
}

/** Makes the scrape of a node: sums what the event loops recorded and adds the node's own readings. */
export function createScrape(options: ScrapeOptions): Scrape {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  const sums = createSums(options.workers);
  let readings: readonly Reading[] = [];
  for (const name of recordedNames) register(registry, name, () => sums.samples(name));
  for (const name of reportedNames) {
    register(registry, name, () =>
      readings
        .filter((reading) => reading.name === name)
        .map(({ value, labels = [] }) => ({ value, labels: named(reported[name].labels, labels) })),
    );
  }
  const text = async (): Promise<string> => {
    readings = await options.readings();
    sums.renew();
    return registry.metrics();
  };
  return {
    text,
    openMetrics: async (exemplars) => openMetricsText(await text(), exemplars),
    async vllm() {
      const inUse = useOf(await options.readings());
      sums.renew();
      return vllmText({ recorded: sums.recorded, engines: options.engines?.() ?? [], ...inUse });
    },
    async genAi() {
      sums.renew();
      return genAiText({ recorded: sums.recorded });
    },
    totals() {
      sums.renew();
      return sums.all();
    },
  };
}

function useOf(readings: readonly Reading[]): Pick<VllmSource, "inFlight" | "queued"> {
  const valueOf = (wanted: ReportedName): number => readings.find(({ name }) => name === wanted)?.value ?? 0;
  return { inFlight: valueOf("inflight"), queued: valueOf("queue_depth") };
}

function valuesOf({ metric, index }: Series, sums: Float64Array): Float64Array {
  return sums.subarray(index, index + widthOf(metric));
}

function totalOf(series: Series, sums: Float64Array): Total {
  const { metric, labels } = series;
  const { bucketsMs }: Metric = recorded[metric];
  return {
    metric,
    labels,
    values: [...valuesOf(series, sums)],
    ...(bucketsMs !== undefined && { boundsMs: bucketsMs }),
  };
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

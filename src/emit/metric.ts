/** How Prometheus reads a metric. */
export type MetricType = "counter" | "gauge" | "histogram";

/** One metric as it appears on `/metrics`. `bucketsMs` are upper bounds in milliseconds; the exposition is in seconds. */
export type Metric = {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
  readonly bucketsMs?: Float64Array;
};

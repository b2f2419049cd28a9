/** How Prometheus reads a metric. */
export type MetricType = "counter" | "gauge" | "histogram";

/** One metric as it appears on `/metrics`. `bucketsMs` are upper bounds in milliseconds; the exposition is in seconds. */
export type Metric = {
  readonly type: MetricType;
  readonly labels: readonly string[];
  readonly help: string;
  readonly bucketsMs?: Float64Array;
};

/** Stands for every label value that is not allowed or for which there is no room. */
export const otherLabel = "_other";
/** Stands for a label that does not apply. */
export const noneLabel = "none";

/**
 * Label values that come from a fixed list; all other labels are open and can collapse to `_other`.
 */
export const closedLabels: Readonly<Record<string, readonly string[]>> = {
  mode: ["real", "simulated", "replayed", "fault", "own"],
  stream: ["false", "true"],
  code_class: [noneLabel, "1xx", "2xx", "3xx", "4xx", "5xx"],
  ending: ["finish", "cut", "reset", "stall", "client-gone"],
  statistic: ["mean", "max"],
};

/** Doubling from 10 ms, as the OpenTelemetry conventions for generative AI have it, and twice more for models that think. */
const durationMs = Float64Array.from({ length: 16 }, (_, k) => 10 * 2 ** k);

/**
 * The OpenTelemetry bounds with finer ones between 100 ms and 2 s, where most first tokens fall, and with those above 10 s,
 * where those of models that think do.
 */
const firstTokenMs = Float64Array.from([
  1, 5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 750, 800, 900, 1000, 1250, 1500,
  2000, 2500, 5000, 7500, 10_000, 15_000, 30_000, 60_000, 120_000,
]);

/** The OpenTelemetry bounds with finer ones below 50 ms, where the gaps between tokens fall. */
const gapMs = Float64Array.from([
  2, 5, 7.5, 10, 12.5, 15, 17.5, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 2500,
]);

const overheadMs = Float64Array.of(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50);
const scheduleErrorMs = Float64Array.of(0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 250);
const queueWaitMs = Float64Array.of(1, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000, 10_000);

/** What event loops with traffic count by themselves, from the outcomes of calls. */
export const recorded = {
  requests_total: {
    type: "counter",
    labels: ["mode", "rule", "upstream", "model", "stream", "code_class", "ending"],
    help: "Calls that have ended, by what the client got and how the response ended.",
  },
  request_duration_seconds: {
    type: "histogram",
    labels: ["mode", "model", "stream"],
    help: "Time from the start of a call to the end of its response.",
    bucketsMs: durationMs,
  },
  time_to_first_token_seconds: {
    type: "histogram",
    labels: ["mode", "model"],
    help: "Time to first token (TTFT): from the start of a streamed call to its first token.",
    bucketsMs: firstTokenMs,
  },
  inter_token_latency_seconds: {
    type: "histogram",
    labels: ["mode", "model"],
    help: "Inter-token latency (ITL): gap between two tokens of a streamed response; one observation per gap.",
    bucketsMs: gapMs,
  },
  time_per_output_token_seconds: {
    type: "histogram",
    labels: ["mode", "model"],
    help: "Time per output token (TPOT): (last token - first token) / (tokens - 1); one observation per streamed response.",
    bucketsMs: gapMs,
  },
  overhead_seconds: {
    type: "histogram",
    labels: ["mode"],
    help: "Time that Stuntdouble itself spent on a call: total - planned - upstream.",
    bucketsMs: overheadMs,
  },
  schedule_error_seconds: {
    type: "histogram",
    labels: ["statistic"],
    help: "Actual - planned time of emission of the frames of one simulated response: mean and max.",
    bucketsMs: scheduleErrorMs,
  },
  queue_wait_seconds: {
    type: "histogram",
    labels: [],
    help: "Time a call waited in the queue for a permit; 0 when one was free.",
    bucketsMs: queueWaitMs,
  },
  faults_injected_total: {
    type: "counter",
    labels: ["fault", "rule"],
    help: "Injected faults that took effect; they are not errors.",
  },
  faults_active: {
    type: "gauge",
    labels: ["fault", "rule"],
    help: "Calls in flight on which an injected fault acts or has acted.",
  },
  errors_total: {
    type: "counter",
    labels: ["upstream", "cause"],
    help: "Calls that failed by themselves, by upstream and error code.",
  },
  output_tokens_total: { type: "counter", labels: ["mode", "model"], help: "Output tokens sent to clients." },
  prompt_tokens_total: {
    type: "counter",
    labels: ["mode", "model"],
    help: "Prompt tokens, where they were counted.",
  },
  stand_ins_total: {
    type: "counter",
    labels: ["upstream"],
    help: "Calls served by the simulator because the circuit breaker of the upstream was open, or it gave no response.",
  },
  budget_spent_calls_total: {
    type: "counter",
    labels: ["upstream", "result"],
    help: "Calls that did not go to the upstream because its budget was spent: simulated, refused, or not copied.",
  },
  budget_unpriced_calls_total: {
    type: "counter",
    labels: ["upstream"],
    help: "Calls to an upstream with a budget whose model has no price.",
  },
  cost_usd_total: {
    type: "counter",
    labels: ["upstream"],
    help: "What calls to an upstream with a budget of tokens or dollars have cost, copies included, in US dollars.",
  },
  client_gone_total: { type: "counter", labels: [], help: "Calls whose client left before the end of the response." },
  key_requests_total: {
    type: "counter",
    labels: ["key", "code_class"],
    help: "Calls that have ended, by API key; only with metrics.perKey.",
  },
  key_prompt_tokens_total: {
    type: "counter",
    labels: ["key"],
    help: "Prompt tokens, where they were counted, by API key; only with metrics.perKey.",
  },
  key_output_tokens_total: {
    type: "counter",
    labels: ["key"],
    help: "Output tokens sent to clients, by API key; only with metrics.perKey.",
  },
  recordings_total: {
    type: "counter",
    labels: ["result"],
    help: "Recordings that are over: written, or why not.",
  },
  mirror_calls_total: {
    type: "counter",
    labels: ["upstream", "result"],
    help: "Calls of rules that copy them to an upstream: measured, failed, or why there is no copy.",
  },
  shadow_pairs_total: { type: "counter", labels: [], help: "Shadowed calls: timed on both sides, real and simulated." },
} as const satisfies Record<string, Metric>;

/** What the node as a whole knows, asked for at each scrape. */
export const reported = {
  inflight: { type: "gauge", labels: [], help: "Permits in use: concurrent calls." },
  limit: { type: "gauge", labels: [], help: "Max concurrent calls: the number of permits." },
  permit_utilisation: { type: "gauge", labels: [], help: "Share of the permits in use, 0 to 1." },
  queue_depth: { type: "gauge", labels: [], help: "Calls waiting in the queue for a permit." },
  queue_timeouts_total: { type: "counter", labels: [], help: "Calls that timed out in the queue." },
  queue_refusals_total: {
    type: "counter",
    labels: [],
    help: "Calls refused because the queue was full, or there is none.",
  },
  experiment_guardrail_value: {
    type: "gauge",
    labels: ["experiment", "metric", "over_seconds"],
    help: "What a guardrail of a running experiment sees of the calls in scope; absent where they are too few.",
  },
  experiment_guardrail_limit: {
    type: "gauge",
    labels: ["experiment", "metric", "over_seconds", "bound"],
    help: "The value above or below which a guardrail halts a running experiment.",
  },
  held_connections: {
    type: "gauge",
    labels: [],
    help: "Connections that are not read for now, because of overload.",
  },
  planned_bytes: {
    type: "gauge",
    labels: [],
    help: "Memory of responses that wait for their time or for their client, in bytes, estimated.",
  },
  planned_bytes_limit: { type: "gauge", labels: [], help: "How much of it there may be: limits.plannedBytes." },
  breaker_state: {
    type: "gauge",
    labels: ["upstream"],
    help: "State of the circuit breaker: 0 closed, 1 open, 2 half-open.",
  },
  budget_limit: {
    type: "gauge",
    labels: ["upstream", "kind"],
    help: "Limit of a budget: calls, tokens or US dollars, by kind.",
  },
  budget_used: {
    type: "gauge",
    labels: ["upstream", "kind"],
    help: "What is used up of a budget in the present hour or day of UTC.",
  },
  budget_used_ratio: {
    type: "gauge",
    labels: ["upstream", "kind"],
    help: "Used up / limit; 1 is spent, and more where responses took more than was left.",
  },
  config_generation: { type: "gauge", labels: [], help: "Generation of the configuration in force, counted from 1." },
  config_reloads_total: { type: "counter", labels: ["result"], help: "Configuration reloads, by result." },
  config_last_reload_ok: { type: "gauge", labels: [], help: "1 when the last configuration reload succeeded, else 0." },
  config_last_success_timestamp_seconds: {
    type: "gauge",
    labels: [],
    help: "Unix time of the last successful load of a configuration.",
  },
  config_info: {
    type: "gauge",
    labels: ["source", "hash"],
    help: "Always 1; the labels are where the configuration in force comes from, and the beginning of its SHA-256.",
  },
  config_store_up: {
    type: "gauge",
    labels: ["source"],
    help: "1 when the configuration store responded when it was last asked, else 0; only with a store.",
  },
  config_from_copy: {
    type: "gauge",
    labels: ["source"],
    help: "1 while the last good copy on the disk is in force instead of what the store has; only with a store.",
  },
  registered: {
    type: "gauge",
    labels: [],
    help: "1 while the node is registered as a service in Consul, else 0; only with register.",
  },
  profile_cache_hits_total: { type: "counter", labels: [], help: "Profile lookups found in the cache." },
  profile_cache_misses_total: {
    type: "counter",
    labels: [],
    help: "Profile lookups that had to match the model name.",
  },
  shadow_drift_ratio: {
    type: "gauge",
    labels: ["model", "measure", "percentile"],
    help: "Simulated / real at a percentile of the shadowed calls of the last 10 to 20 minutes; 1 is the same.",
  },
  log_dropped_total: {
    type: "counter",
    labels: [],
    help: "Log lines that could not be written: nobody reads them, or the disk is full.",
  },
  records_written_total: {
    type: "counter",
    labels: [],
    help: "Records of calls that are in files; only with records.",
  },
  records_dropped_total: {
    type: "counter",
    labels: [],
    help: "Records of calls that could not be written: the disk is full or too slow, or the folder is not writable; only with records.",
  },
  redis_up: {
    type: "gauge",
    labels: [],
    help: "1 while all event loops can use Redis, 0 while limits hold for this node alone; only with shared.",
  },
  redis_errors_total: {
    type: "counter",
    labels: ["reason"],
    help: "Commands to Redis, and attempts to connect to it, that failed; only with shared.",
  },
  rate_limits_local_total: {
    type: "counter",
    labels: [],
    help: "Calls whose rate limit this node decided alone, at its share, because Redis could not be used; only with shared.",
  },
  fleet_nodes: {
    type: "gauge",
    labels: [],
    help: "Nodes that share, last heard of by this one, itself among them; only with shared.",
  },
  fleet_config_hashes: {
    type: "gauge",
    labels: [],
    help: "Different configuration files among them: more than 1 means that nodes differ; only with shared.",
  },
  trace_spans_exported_total: {
    type: "counter",
    labels: [],
    help: "Spans of calls that the collector has taken; only with tracing.",
  },
  trace_spans_dropped_total: {
    type: "counter",
    labels: [],
    help: "Spans of calls that were lost: too many waited, or the collector did not take them; only with tracing.",
  },
  client_attempts_total: {
    type: "counter",
    labels: ["client", "known_by"],
    help: "Attempts of each client; those that belong together are one request.",
  },
  client_requests_total: {
    type: "counter",
    labels: ["client", "known_by", "result"],
    help: "Requests of each client that are over: succeeded, failed in a way that no retry mends, or given up.",
  },
  client_retries_total: {
    type: "counter",
    labels: ["client", "known_by", "wait"],
    help: "Retries that were seen to follow a failed attempt, by how the client kept to retry-after.",
  },
  client_unwanted_retries_total: {
    type: "counter",
    labels: ["client", "known_by"],
    help: "Retries of what gives the same each time: 400, 401, 403, 404, quota used up, content refused.",
  },
  client_hung_up_total: {
    type: "counter",
    labels: ["client", "known_by"],
    help: "Attempts that the client left before the end of the response.",
  },
  client_broken_responses_total: {
    type: "counter",
    labels: ["client", "known_by"],
    help: "Responses that broke off before their end.",
  },
  build_info: { type: "gauge", labels: ["version"], help: "Always 1; the label is the running version." },
  ready: { type: "gauge", labels: [], help: "Readiness: 1 while the node takes traffic, 0 while it starts or drains." },
} as const satisfies Record<string, Metric>;

/** Put before every name of this file. */
export const metricPrefix = "stuntdouble_";

/** Name of a metric that the event loops record, without the prefix. */
export type RecordedName = keyof typeof recorded;
/** Name of a metric that the node reports, without the prefix. */
export type ReportedName = keyof typeof reported;

/** The names of all metrics that the event loops record. */
export const recordedNames: readonly RecordedName[] = Object.keys(recorded).filter(isRecorded);
/** The names of all metrics that the node reports. */
export const reportedNames: readonly ReportedName[] = Object.keys(reported).filter(isReported);

function isRecorded(name: string): name is RecordedName {
  return Object.hasOwn(recorded, name);
}

function isReported(name: string): name is ReportedName {
  return Object.hasOwn(reported, name);
}

import type { Metric } from "./metric.ts";

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
  experiment_concurrent_calls: {
    type: "gauge",
    labels: ["experiment"],
    help: "Calls under way that a running experiment affects.",
  },
  experiment_concurrent_calls_limit: {
    type: "gauge",
    labels: ["experiment"],
    help: "Max concurrent calls that a running experiment may affect; absent without such a limit.",
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
  breaker_forced: {
    type: "gauge",
    labels: ["upstream", "state"],
    help: "1 while the circuit breaker of the upstream is forced open or closed by the admin API; else absent.",
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

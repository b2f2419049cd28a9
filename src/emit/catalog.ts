import type { Metric } from "./metric.ts";
import { reported } from "./reported.ts";

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

/** Fine at both ends, as an upstream may be a model that thinks or a cache near by. */
const upstreamMs = Float64Array.of(...firstTokenMs, 300_000);

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
  upstream_duration_seconds: {
    type: "histogram",
    labels: ["upstream"],
    help: "Time from the start of a call to the end of its response, of responses of an upstream.",
    bucketsMs: upstreamMs,
  },
  upstream_time_to_first_token_seconds: {
    type: "histogram",
    labels: ["upstream"],
    help: "Time to first token (TTFT) of streamed responses of an upstream.",
    bucketsMs: firstTokenMs,
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

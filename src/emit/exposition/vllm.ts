import { otherLabel, recorded, type RecordedName } from "../catalog.ts";
import {
  familiesText,
  histogramSamples,
  numberSamples,
  regroup,
  type Family,
  type FamilySample,
  type RecordedValues,
} from "./families.ts";

/** What a simulated server that works in batches is doing. */
export type EngineUse = {
  /** Of its profile. */
  readonly name: string;
  readonly running: number;
  readonly waiting: number;
  /** Share of its cache in use, 0 to 1; undefined where it has no limit. */
  readonly cacheUsed: number | undefined;
};

/** What the names of vLLM are derived from. */
export type VllmSource = {
  recorded(name: RecordedName): readonly RecordedValues[];
  readonly engines: readonly EngineUse[];
  /** Permits in use, and calls that wait for one. */
  readonly inFlight: number;
  readonly queued: number;
};

type Labels = Readonly<Record<string, string>>;

/** Whether a model has responded, whosever it is. */
const served: ReadonlySet<string | undefined> = new Set(["real", "simulated", "replayed"]);

/** vLLM's word for how a response ended. */
const finishedReasons: Readonly<Record<string, string>> = { finish: "stop", "client-gone": "abort" };

/**
 * The metrics of a node under the names that vLLM gives to its own, for dashboards and gateways that expect them.
 *
 * @returns Prometheus text format 0.0.4
 * @see https://docs.vllm.ai/en/stable/usage/metrics/
 */
export function vllmText(source: VllmSource): string {
  return familiesText([...requestFamilies(source), ...tokenFamilies(source), ...timeFamilies(source)]);
}

function requestFamilies(source: VllmSource): Family[] {
  const { engines, inFlight, queued } = source;
  const inEngines = engines.reduce((total, { running, waiting }) => total + running + waiting, 0);
  const other: EngineUse = {
    name: otherLabel,
    running: Math.max(0, inFlight - inEngines),
    waiting: queued,
    cacheUsed: undefined,
  };
  const gauge = (name: string, help: string, valueOf: (use: EngineUse) => number | undefined): Family => {
    const samples = [...engines, other].flatMap((use): FamilySample[] => {
      const value = valueOf(use);
      return value === undefined ? [] : [{ labels: { model_name: use.name }, value }];
    });
    return { name, type: "gauge", help, samples };
  };
  return [
    gauge("vllm:num_requests_running", "Requests that run now.", ({ running }) => running),
    gauge("vllm:num_requests_waiting", "Requests that wait.", ({ waiting }) => waiting),
    gauge("vllm:kv_cache_usage_perc", "Share of the KV cache in use; 1 is all of it.", ({ cacheUsed }) => cacheUsed),
    successFamily(source),
  ];
}

function successFamily(source: VllmSource): Family {
  const ended = regroup(source.recorded("requests_total"), (labels) => {
    const { ending = "", code_class: codeClass } = labels;
    return codeClass === "2xx" ? labelled(labels, { finished_reason: finishedReasons[ending] ?? "error" }) : undefined;
  });
  const help = "Requests with status 2xx, by how their responses ended.";
  return { name: "vllm:request_success_total", type: "counter", help, samples: numberSamples(ended) };
}

function tokenFamilies(source: VllmSource): Family[] {
  const counter = (name: string, help: string, from: RecordedName): Family => {
    return { name, type: "counter", help, samples: numberSamples(regroup(source.recorded(from), labelled)) };
  };
  return [
    counter("vllm:prompt_tokens_total", "Prompt tokens.", "prompt_tokens_total"),
    counter("vllm:generation_tokens_total", "Output tokens.", "output_tokens_total"),
  ];
}

type HistogramName =
  | "request_duration_seconds"
  | "time_to_first_token_seconds"
  | "inter_token_latency_seconds"
  | "time_per_output_token_seconds";

function timeFamilies(source: VllmSource): Family[] {
  const histogram = (name: string, help: string, from: HistogramName): Family => {
    const groups = regroup(source.recorded(from), labelled);
    return { name, type: "histogram", help, samples: histogramSamples(groups, recorded[from].bucketsMs) };
  };
  return [
    histogram(
      "vllm:e2e_request_latency_seconds",
      "Time of a request from its start to its end.",
      "request_duration_seconds",
    ),
    histogram("vllm:time_to_first_token_seconds", "Time to first token.", "time_to_first_token_seconds"),
    histogram("vllm:inter_token_latency_seconds", "Gap between two tokens.", "inter_token_latency_seconds"),
    histogram(
      "vllm:request_time_per_output_token_seconds",
      "Mean gap between the tokens of a response.",
      "time_per_output_token_seconds",
    ),
  ];
}

/** vLLM knows no mode; it tells what was simulated from what a provider responded. */
function labelled({ mode, model = otherLabel }: Labels, others: Labels = {}): Labels | undefined {
  return served.has(mode) ? { model_name: model, ...others, mode: mode ?? "" } : undefined;
}

import { isObject } from "../../dialects/shared/json-body.ts";
import type { Observation } from "../types.ts";
import { amountIn, amountsOf, listIn, objectIn, textIn, type Fields } from "./fields.ts";

const unknownFailure = { kind: "unknown" } as const;

/** A report of guidellm: `benchmarks`, each with its `requests`. @see vllm-project/guidellm, GenerativeRequestStats */
export function isGuidellm(report: Fields): boolean {
  return listIn(report, "benchmarks") !== undefined;
}

/** The calls of all benchmarks of a report; those that did not finish are left out, as the tool ended them itself. */
export function guidellmObservations(report: Fields): Observation[] {
  return objectsOf(listIn(report, "benchmarks")).flatMap((benchmark) => {
    const requests = objectIn(benchmark, "requests");
    const well = objectsOf(listIn(requests, "successful")).map(guidellmCall);
    const failed = objectsOf(listIn(requests, "errored")).map((): Observation => ({ failure: unknownFailure }));
    return [...well, ...failed];
  });
}

function guidellmCall(call: Fields): Observation {
  const seconds = amountIn(call, "request_start_time") ?? amountIn(call, "start_time");
  return {
    time: seconds === undefined ? undefined : seconds * 1000,
    promptTokens: amountIn(call, "prompt_tokens"),
    cachedTokens: amountIn(call, "cached_tokens"),
    outputTokens: amountIn(call, "output_tokens"),
    ttftMs: amountIn(call, "time_to_first_token_ms"),
    meanGapMs: amountIn(call, "inter_token_latency_ms"),
  };
}

/** A result of `vllm bench serve`. */
export function isVllm(result: Fields): boolean {
  return "mean_ttft_ms" in result || listIn(result, "ttfts") !== undefined;
}

/**
 * The calls of a result that was saved with `--save-detailed`, whose times are in seconds.
 *
 * @returns undefined for one without them
 */
export function vllmObservations(result: Fields): Observation[] | undefined {
  const ttfts = listIn(result, "ttfts");
  if (ttfts === undefined) return undefined;
  const [itls, errors] = [listIn(result, "itls") ?? [], listIn(result, "errors") ?? []];
  const [inputs, outputs] = [listIn(result, "input_lens") ?? [], listIn(result, "output_lens") ?? []];
  const model = textIn(result, "model_id");
  const inFlight = amountIn(result, "max_concurrency");
  return ttfts.map((ttft, index): Observation => {
    const error = errors[index];
    if ((typeof error === "string" && error !== "") || ttft === 0) return { model, failure: unknownFailure };
    const gaps: unknown = itls[index];
    return {
      model,
      inFlight,
      ttftMs: inMs(ttft),
      gapsMs: Array.isArray(gaps) ? amountsOf(gaps).map((seconds) => seconds * 1000) : [],
      promptTokens: countOf(inputs[index]),
      outputTokens: countOf(outputs[index]),
    };
  });
}

/** A line of aiperf's `profile_export.jsonl`. @see ai-dynamo/aiperf, docs/tutorials/working-with-profile-exports.md */
export function isAiperf(line: Fields): boolean {
  return isObject(line["metadata"]) && "metrics" in line;
}

/** @returns undefined for a call that the tool cancelled itself */
export function aiperfObservation(line: Fields): Observation | undefined {
  const metadata = objectIn(line, "metadata");
  if (metadata["was_cancelled"] === true) return undefined;
  const startNs = amountIn(metadata, "request_start_ns");
  const time = startNs === undefined ? undefined : startNs / 1e6;
  if (isObject(line["error"])) {
    const code = amountIn(line["error"], "code");
    return {
      time,
      failure: code !== undefined && code >= 400 && code < 600 ? { kind: "status", status: code } : unknownFailure,
    };
  }
  const metrics = objectIn(line, "metrics");
  const chunks: unknown = objectIn(metrics, "inter_chunk_latency")["value"];
  return {
    time,
    ttftMs: metricIn(metrics, "time_to_first_token"),
    promptTokens: metricIn(metrics, "input_sequence_length"),
    outputTokens: metricIn(metrics, "output_sequence_length") ?? metricIn(metrics, "output_token_count"),
    ...(Array.isArray(chunks)
      ? { gapsMs: amountsOf(chunks) }
      : { meanGapMs: metricIn(metrics, "inter_token_latency") }),
  };
}

/** A metric in milliseconds or tokens. */
function metricIn(metrics: Fields, name: string): number | undefined {
  const metric = objectIn(metrics, name);
  const value = amountIn(metric, "value");
  return value === undefined ? undefined : value * (factors[textIn(metric, "unit") ?? ""] ?? 1);
}

const factors: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, s: 1000, sec: 1000 };

/** A line of a Mooncake trace, which has lengths and no times of responses. */
export function isMooncake(line: Fields): boolean {
  return amountIn(line, "input_length") !== undefined && amountIn(line, "output_length") !== undefined;
}

export function mooncakeObservation(line: Fields): Observation {
  return { promptTokens: amountIn(line, "input_length"), outputTokens: amountIn(line, "output_length") };
}

function objectsOf(list: readonly unknown[] | undefined): Fields[] {
  return (list ?? []).filter(isObject);
}

function inMs(seconds: unknown): number | undefined {
  return typeof seconds === "number" && seconds >= 0 ? seconds * 1000 : undefined;
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && value >= 0 ? value : undefined;
}

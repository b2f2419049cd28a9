import { hash32 } from "../../rng.ts";
import type { TrafficRecord } from "../types.ts";
import type { Exporter } from "./types.ts";

/** Spans on one line. */
const spansPerLine = 100;

/** What the conventions call the providers, by our dialects; another is called as its dialect. */
const providers: Readonly<Record<string, string>> = {
  azure: "azure.ai.openai",
  gemini: "gcp.gemini",
  mistral: "mistral_ai",
  xai: "x_ai",
};

/** What the conventions call the operations; another is called as it is. */
const operations: Readonly<Record<string, string>> = {
  completions: "text_completion",
  messages: "chat",
  responses: "chat",
  generate: "generate_content",
  generateContent: "generate_content",
  streamGenerateContent: "generate_content",
};

const spanKindClient = 3;
const statusError = 2;

/**
 * OTLP in JSON, as the file exporter of OpenTelemetry writes it: a line has up to 100 spans, one for each call, with the attributes
 * of the conventions for generative AI.
 *
 * @see https://github.com/open-telemetry/semantic-conventions-genai
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export function otelExporter(): Exporter {
  let spans: object[] = [];
  const line = (): string => {
    if (spans.length === 0) return "";
    const scopeSpans = [{ scope: { name: "stuntdouble" }, spans }];
    spans = [];
    const resource = { attributes: [attribute("service.name", "stuntdouble")] };
    return `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] })}\n`;
  };
  return {
    record(record) {
      spans.push(spanOf(record));
      return spans.length < spansPerLine ? "" : line();
    },
    end: line,
    skipped: () => 0,
  };
}

function spanOf(record: TrafficRecord): object {
  const { id, time, model, queueMs, actual } = record;
  const operation = operationOf(record);
  const failed = errorOf(record);
  return {
    traceId: hexOf(id, time, 4),
    spanId: hexOf(id, time + 1, 2),
    name: model === undefined ? operation : `${operation} ${model}`,
    kind: spanKindClient,
    startTimeUnixNano: nanos(time),
    endTimeUnixNano: nanos(time + queueMs + actual.totalMs),
    attributes: attributesOf(record, operation, failed),
    status: failed === undefined ? {} : { code: statusError },
  };
}

function attributesOf(record: TrafficRecord, operation: string, failed: string | undefined): object[] {
  const { dialect = "unknown", model, stream, promptTokens, cachedTokens, actual } = record;
  const { status, rule, mode, upstream, profile, key, inFlight, ending, faults, experiments } = record;
  const values: Readonly<Record<string, Value | undefined>> = {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": providers[dialect] ?? dialect,
    "gen_ai.request.model": model,
    "gen_ai.request.stream": stream,
    "gen_ai.usage.input_tokens": promptTokens,
    "gen_ai.usage.cache_read.input_tokens": cachedTokens,
    "gen_ai.usage.output_tokens": actual.outputTokens,
    "gen_ai.response.time_to_first_chunk": actual.ttftMs === undefined ? undefined : { seconds: actual.ttftMs / 1000 },
    "http.response.status_code": status === 0 ? undefined : status,
    "error.type": failed,
    "stuntdouble.rule": rule,
    "stuntdouble.mode": mode,
    "stuntdouble.ending": ending,
    "stuntdouble.upstream": upstream,
    "stuntdouble.profile": profile,
    "stuntdouble.key": key,
    "stuntdouble.in_flight": inFlight,
    "stuntdouble.faults": faults?.join(" "),
    "stuntdouble.experiments": experiments?.join(" "),
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [attribute(name, value)]));
}

type Value = string | number | boolean | { readonly seconds: number };

/** In OTLP's JSON an integer is a string. */
function attribute(key: string, value: Value): object {
  if (typeof value === "object") return { key, value: { doubleValue: value.seconds } };
  if (typeof value === "number") return { key, value: { intValue: String(value) } };
  return { key, value: typeof value === "string" ? { stringValue: value } : { boolValue: value } };
}

function operationOf({ operation = "unknown" }: TrafficRecord): string {
  return operations[operation] ?? operation;
}

function errorOf({ cause, status, ending }: TrafficRecord): string | undefined {
  if (cause !== undefined) return cause;
  if (status >= 400) return String(status);
  return ending === "finish" ? undefined : ending;
}

function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1000)) * 1000n}`;
}

/** As many words of 8 hex digits, the same for the same call. */
function hexOf(id: string, seed: number, words: number): string {
  const all = Array.from({ length: words }, (_, index) => hash32(seed + index * 7919, id));
  return all.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

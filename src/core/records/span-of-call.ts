import type { TrafficRecord } from "./types.ts";

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

/** The value of an attribute; `seconds` is a number that need not be whole. */
export type SpanValue = string | number | boolean | { readonly seconds: number };

/** What a span says of a call. */
export type SpanOfCall = {
  /** By the conventions: the operation and the model. */
  readonly name: string;
  readonly attributes: readonly (readonly [name: string, value: SpanValue])[];
  /** Why the call failed: a code of ours, a status or an ending; undefined where it did not. */
  readonly failed: string | undefined;
};

/**
 * What the span of a call has by OpenTelemetry's conventions for generative AI.
 *
 * @see https://github.com/open-telemetry/semantic-conventions-genai
 */
export function spanOfCall(record: TrafficRecord): SpanOfCall {
  const { model } = record;
  const operation = operationOf(record);
  const failed = errorOf(record);
  const name = model === undefined ? operation : `${operation} ${model}`;
  return { name, attributes: attributesOf(record, operation, failed), failed };
}

function attributesOf(
  record: TrafficRecord,
  operation: string,
  failed: string | undefined,
): (readonly [string, SpanValue])[] {
  const { dialect = "unknown", model, stream, promptTokens, cachedTokens, actual } = record;
  const { status, rule, mode, upstream, profile, key, inFlight, ending, faults, experiments } = record;
  const values: Readonly<Record<string, SpanValue | undefined>> = {
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
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function operationOf({ operation = "unknown" }: TrafficRecord): string {
  return operations[operation] ?? operation;
}

function errorOf({ cause, status, ending }: TrafficRecord): string | undefined {
  if (cause !== undefined) return cause;
  if (status >= 400) return String(status);
  return ending === "finish" ? undefined : ending;
}

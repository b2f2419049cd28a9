import type { Copied } from "./copied.ts";
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

/** What is known of a copied call besides its response. */
export type CopyInfo = Pick<TrafficRecord, "dialect" | "operation" | "model" | "stream" | "rule" | "upstream"> & {
  /** What became of it: `measured`, or why not. */
  readonly result: string;
};

/** What the span of a copied call has, by the same conventions. */
export function spanOfCopy(info: CopyInfo, copied: Copied | undefined): SpanOfCall {
  const { model, dialect = "unknown", stream, rule, upstream, result } = info;
  const operation = operationOf(info);
  const failed = copied === undefined ? result : errorOf({ ...copied, cause: undefined });
  const ttftMs = copied?.timeline.ttftMs;
  const attributes = present({
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": providers[dialect] ?? dialect,
    "gen_ai.request.model": model,
    "gen_ai.request.stream": stream,
    "gen_ai.usage.output_tokens": copied?.timeline.tokens,
    "gen_ai.response.time_to_first_chunk": ttftMs === undefined ? undefined : { seconds: ttftMs / 1000 },
    "http.response.status_code": copied?.status,
    "error.type": failed,
    "stuntdouble.rule": rule,
    "stuntdouble.mode": "copy",
    "stuntdouble.ending": copied?.ending,
    "stuntdouble.upstream": upstream,
  });
  return { name: model === undefined ? operation : `${operation} ${model}`, attributes, failed };
}

function attributesOf(
  record: TrafficRecord,
  operation: string,
  failed: string | undefined,
): (readonly [string, SpanValue])[] {
  const { dialect = "unknown", model, stream, promptTokens, cachedTokens, actual } = record;
  const { status, rule, mode, upstream, profile, key, inFlight, ending, faults, experiments } = record;
  return present({
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
  });
}

function present(values: Readonly<Record<string, SpanValue | undefined>>): (readonly [string, SpanValue])[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

function operationOf({ operation = "unknown" }: Pick<TrafficRecord, "operation">): string {
  return operations[operation] ?? operation;
}

function errorOf({ cause, status, ending }: Pick<TrafficRecord, "cause" | "status" | "ending">): string | undefined {
  if (cause !== undefined) return cause;
  if (status >= 400) return String(status);
  return ending === "finish" ? undefined : ending;
}

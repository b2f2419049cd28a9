import { hash32 } from "../../rng.ts";
import { spanOfCall, type SpanValue } from "../span-of-call.ts";
import type { TrafficRecord } from "../types.ts";
import type { Exporter } from "./types.ts";

/** Spans on one line. */
const spansPerLine = 100;

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
  const { id, time, queueMs, actual } = record;
  const { name, attributes, failed } = spanOfCall(record);
  return {
    traceId: hexOf(id, time, 4),
    spanId: hexOf(id, time + 1, 2),
    name,
    kind: spanKindClient,
    startTimeUnixNano: nanos(time),
    endTimeUnixNano: nanos(time + queueMs + actual.totalMs),
    attributes: attributes.map(([key, value]) => attribute(key, value)),
    status: failed === undefined ? {} : { code: statusError },
  };
}

/** In OTLP's JSON an integer is a string. */
function attribute(key: string, value: SpanValue): object {
  if (typeof value === "object") return { key, value: { doubleValue: value.seconds } };
  if (typeof value === "number") return { key, value: { intValue: String(value) } };
  return { key, value: typeof value === "string" ? { stringValue: value } : { boolValue: value } };
}

function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1000)) * 1000n}`;
}

/** As many words of 8 hex digits, the same for the same call. */
function hexOf(id: string, seed: number, words: number): string {
  const all = Array.from({ length: words }, (_, index) => hash32(seed + index * 7919, id));
  return all.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

import { createTraceState, isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import type { HeaderMap } from "../../core/types.ts";

const form = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:$|-)/;

/**
 * The caller's span, whose child a call is.
 *
 * @returns undefined without a valid `traceparent`
 * @see https://www.w3.org/TR/trace-context/
 */
export function parentOf({ traceparent, tracestate }: HeaderMap): SpanContext | undefined {
  const [, traceId = "", spanId = "", flags = "0"] = form.exec(traceparent ?? "") ?? [];
  const parent: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (!isSpanContextValid(parent)) return undefined;
  return tracestate === undefined ? parent : { ...parent, traceState: createTraceState(tracestate) };
}

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags, type Span, type Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { recordOf } from "../../core/records/record-of.ts";
import { spanOfCall, spanOfCopy, type SpanOfCall, type SpanValue } from "../../core/records/span-of-call.ts";
import type { CallSpan, CopySpan, Tracing } from "../../core/tracing.ts";
import type { Outcome } from "../../core/types.ts";
import type { Log } from "../log.ts";
import { copySampler } from "./copy-sampler.ts";
import { createCountedBatches, type SpanCounts } from "./batches.ts";
import { parentOf } from "./traceparent.ts";

/** How the traces of an event loop are made and where they go; times in milliseconds. */
type TracingOptions = {
  readonly url: string;
  /** Sent to the collector; never shown. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of traces that begin here, 0 … 100. */
  readonly percentage: number;
  readonly serviceName: string;
  readonly maxQueue: number;
  readonly maxBatch: number;
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly log: Pick<Log, "warn" | "info">;
};

/** The traces of one event loop. */
export type LoopTracing = Tracing & {
  counts(): SpanCounts;
  /** Sends what waits, within two seconds. */
  close(): Promise<void>;
};

/** So long a node that stops waits for the collector. */
const closeMs = 2000;

/** Makes traces by the OpenTelemetry SDK. Nothing waits for the collector, and what it does not take is dropped and counted. */
export function createTracing(options: TracingOptions): LoopTracing {
  const { url, headers, timeoutMs, percentage, serviceName } = options;
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeoutMs });
  const batches = createCountedBatches(exporter, options);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName }),
    sampler: new ParentBasedSampler({ root: copySampler(new TraceIdRatioBasedSampler(percentage / 100)) }),
    spanProcessors: [batches.processor],
  });
  const tracer = provider.getTracer("stuntdouble");
  return {
    begin(headers, startedAtMs) {
      const parent = parentOf(headers);
      const context = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
      const span = tracer.startSpan("call", { kind: SpanKind.SERVER, startTime: hrTime(startedAtMs) }, context);
      return callSpan(tracer, span, startedAtMs);
    },
    counts: batches.counts,
    async close() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, closeMs);
      // What cannot be sent any more has been counted.
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

function callSpan(tracer: Tracer, span: Span, startedAtMs: number): CallSpan {
  return {
    traceId: span.spanContext().traceId,
    traceparent: traceparentOf(span),
    event(name, atMs, attributes) {
      if (span.isRecording()) span.addEvent(name, attributes, hrTime(startedAtMs + atMs));
    },
    end(outcome) {
      if (span.isRecording()) finish(span, outcome);
    },
    copied: (copiedAtMs) => copySpan(tracer, span, copiedAtMs),
  };
}

/** In a trace of its own, linked to the span of the call. */
function copySpan(tracer: Tracer, call: Span, startedAtMs: number): CopySpan {
  const links = [{ context: call.spanContext() }];
  const options = { kind: SpanKind.CLIENT, startTime: hrTime(startedAtMs), links };
  const span = tracer.startSpan("copy", options, ROOT_CONTEXT);
  return {
    traceparent: traceparentOf(span),
    end(atMs, info, copied) {
      if (!span.isRecording()) return;
      describe(span, spanOfCopy(info, copied));
      span.end(hrTime(startedAtMs + atMs));
    },
  };
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const flags = (traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
  return `00-${traceId}-${spanId}-${flags}`;
}

function finish(span: Span, outcome: Outcome): void {
  const { id, method, startedAtMs, queueMs, actual, attempt } = outcome;
  describe(span, spanOfCall(recordOf(outcome)));
  span.setAttributes({ "stuntdouble.request_id": id, "http.request.method": method });
  if (attempt !== undefined && attempt > 1) span.setAttribute("http.request.resend_count", attempt - 1);
  if (queueMs > 0) span.addEvent("stuntdouble.queued", { "stuntdouble.queue_ms": queueMs }, hrTime(startedAtMs));
  span.end(hrTime(startedAtMs + queueMs + actual.totalMs));
}

function describe(span: Span, { name, attributes, failed }: SpanOfCall): void {
  span.updateName(name);
  for (const [key, value] of attributes) span.setAttribute(key, plainOf(value));
  if (failed !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
}

function plainOf(value: SpanValue): string | number | boolean {
  return typeof value === "object" ? value.seconds : value;
}

/** Seconds and nanoseconds: the SDK takes a small number of milliseconds for a time since the start of the process. */
function hrTime(ms: number): [seconds: number, nanoseconds: number] {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

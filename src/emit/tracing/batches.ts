import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Log } from "../log.ts";

/** Spans that the collector has taken, and those that were lost. */
export type SpanCounts = { readonly exported: number; readonly dropped: number };

type BatchOptions = {
  /** Spans that may wait or be on their way. */
  readonly maxQueue: number;
  readonly maxBatch: number;
  readonly delayMs: number;
  readonly timeoutMs: number;
  readonly log: Pick<Log, "warn" | "info">;
};

/** Sends spans in batches, and counts what becomes of each. The log has a line when the collector begins to fail, and when it is back. */
export function createCountedBatches(
  exporter: SpanExporter,
  options: BatchOptions,
): { readonly processor: SpanProcessor; counts(): SpanCounts } {
  const { maxQueue, maxBatch, delayMs, timeoutMs, log } = options;
  let [exported, dropped, waiting] = [0, 0, 0];
  let fails = false;
  const over = (spans: number, error: Error | undefined): void => {
    const ok = error === undefined;
    waiting -= spans;
    if (ok) exported += spans;
    else dropped += spans;
    if (fails === !ok) return;
    fails = !ok;
    if (ok) log.info({}, "the trace collector takes spans again");
    else
      log.warn({ reason: error?.name ?? "no response" }, "the trace collector does not take spans; they are dropped");
  };
  const counting: SpanExporter = {
    export(spans, done) {
      exporter.export(spans, (result) => {
        over(spans.length, result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const batches = new BatchSpanProcessor({
    exporter: counting,
    maxQueueSize: maxQueue,
    maxExportBatchSize: Math.min(maxBatch, maxQueue),
    scheduledDelayMillis: delayMs,
    exportTimeoutMillis: timeoutMs,
  });
  const processor: SpanProcessor = {
    onStart: (span, context) => batches.onStart(span, context),
    onEnd(span) {
      if (waiting >= maxQueue) {
        dropped += 1;
        return;
      }
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  return { processor, counts: () => ({ exported, dropped }) };
}

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

/** Counts spans from their end until the collector has taken them, or not. */
type Tally = {
  readonly counts: SpanCounts;
  /** @returns false where there is no room for one more, which is dropped */
  ended(): boolean;
  over(spans: number, error: Error | undefined): void;
};

function createTally(maxQueue: number, log: BatchOptions["log"]): Tally {
  const counts = { exported: 0, dropped: 0 };
  let waiting = 0;
  let fails = false;
  return {
    counts,
    ended() {
      const isKept = waiting < maxQueue;
      if (isKept) waiting += 1;
      else counts.dropped += 1;
      return isKept;
    },
    over(spans, error) {
      waiting -= spans;
      counts[error === undefined ? "exported" : "dropped"] += spans;
      if (fails === (error !== undefined)) return;
      fails = !fails;
      if (error === undefined) log.info({}, "the trace collector takes spans again");
      else log.warn({ reason: error.name }, "the trace collector does not take spans; they are dropped");
    },
  };
}

/** Sends spans in batches, and counts what becomes of each. The log has a line when the collector begins to fail, and when it is back. */
export function createCountedBatches(
  exporter: SpanExporter,
  { maxQueue, maxBatch, delayMs, timeoutMs, log }: BatchOptions,
): { readonly processor: SpanProcessor; counts(): SpanCounts } {
  const tally = createTally(maxQueue, log);
  const counting: SpanExporter = {
    export(spans, done) {
      exporter.export(spans, (result) => {
        tally.over(spans.length, result.error);
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
      if (tally.ended()) batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  return { processor, counts: () => ({ ...tally.counts }) };
}

import type { Config } from "./config/schema.ts";
import { valuesLength } from "./emit/series.ts";
import { createAnswerMemory } from "./limits/kept-answers.ts";
import { createPermitMemory } from "./limits/permits.ts";
import { createRateMemory } from "./limits/rates.ts";

/** Memory that all event loops of a node share. */
export type NodeMemory = {
  readonly permits: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  /** One array of metric values per event loop with traffic. */
  readonly metrics: readonly SharedArrayBuffer[];
};

/** Keys that may be added by later configurations without a restart. */
const spareKeys = 64;

/**
 * Allocates the shared memory of a node.
 *
 * @param loops event loops with traffic; the main thread takes part in the permits as one more
 */
export function createNodeMemory(config: Config, loops: number): NodeMemory {
  return {
    permits: createPermitMemory({ max: config.permits.max, queue: config.permits.queue, workers: loops + 1 }),
    rates: createRateMemory(config.auth.keys.length + 1 + spareKeys),
    answers: createAnswerMemory(),
    metrics: Array.from({ length: loops }, () => new SharedArrayBuffer(valuesLength * Float64Array.BYTES_PER_ELEMENT)),
  };
}

import type { Config } from "./config/schema.ts";
import type { Profile } from "./core/types.ts";
import { createPermitMemory } from "./limits/permits.ts";
import { createRateMemory } from "./limits/rates.ts";

/** Memory that all event loops of a node share. */
export type NodeMemory = {
  readonly permits: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  /** One array of metric values per worker. */
  readonly metrics: readonly SharedArrayBuffer[];
};

/** One configuration as plain data, complete enough to be compiled in any thread. */
export type Settings = {
  readonly config: Config;
  readonly profiles: readonly Profile[];
  /** The environment variables that the configuration names. */
  readonly env: Readonly<Record<string, string>>;
  readonly generation: number;
  /** PEM texts, where the configuration names a certificate. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Model names that may be metric labels. */
  readonly modelLabels: readonly string[];
};

/** Label sets × buckets that one worker can hold; a reading beyond is not lost but counted under `_other`. */
const metricValues = 64 * 1024;
/** Keys that may be added by later configurations without a restart. */
const spareKeys = 64;

/** Allocates the shared memory of a node. */
export function createNodeMemory(config: Config, workers: number): NodeMemory {
  return {
    permits: createPermitMemory({ max: config.permits.max, queue: config.permits.queue, workers }),
    rates: createRateMemory(config.auth.keys.length + 1 + spareKeys),
    metrics: Array.from({ length: workers }, () => new SharedArrayBuffer(metricValues * Float64Array.BYTES_PER_ELEMENT)),
  };
}

import { randomBytes } from "node:crypto";
import type { Config } from "../config/schema.ts";
import { maxMirrors } from "../config/sections/mirror-checks.ts";
import { valuesLength } from "../emit/series.ts";
import { createFleetBuffer } from "../fleet/memory.ts";
import { createBudgetMemory } from "../limits/budgets/counts.ts";
import { createNumberMemory, type NumberMemory } from "../limits/clients/call-numbers.ts";
import { createClientMemory, type ClientMemory } from "../limits/clients/client-counters.ts";
import { createOpenRequestMemory, type OpenRequestMemory } from "../limits/clients/open-requests.ts";
import { createPromptIndexMemory } from "../core/simulator/prompt-cache.ts";
import { createEngineMemory, type EngineMemory } from "../limits/engines.ts";
import { createExperimentMemory } from "../limits/experiment-counts.ts";
import { createResponseMemory } from "../limits/kept-responses.ts";
import { createPermitMemory } from "../limits/permits/permits.ts";
import { createProbeMemory } from "../limits/probe-slots.ts";
import { createRateMemory } from "../limits/rates.ts";
import { createReplyMemory } from "../limits/reply-counts.ts";

/** What all event loops of a node share. */
export type SharedMemory = {
  /** Names the node in the `Via` header of what it forwards. */
  readonly pseudonym: string;
  /** Event loops with traffic, which share the limits of the node. */
  readonly loops: number;
  readonly permits: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  /** What copies of calls have used up of their minutes. */
  readonly mirrors: SharedArrayBuffer;
  /** What is used up of the budgets of upstreams. */
  readonly budgets: SharedArrayBuffer;
  readonly responses: SharedArrayBuffer;
  /** How often replies of the admin API were given. */
  readonly replies: SharedArrayBuffer;
  /** The engines of simulated models, and hashes of the prompts that they were asked. */
  readonly engines: EngineMemory;
  readonly prompts: SharedArrayBuffer;
  /** Which event loop tests an upstream whose breaker is half-open. */
  readonly probes: SharedArrayBuffer;
  /** The kill switch, and how many calls experiments affect. */
  readonly experiments: SharedArrayBuffer;
  /** How the links of the event loops to what nodes share are, and that of the node. */
  readonly fleet: SharedArrayBuffer;
  /** What clients do, and the numbers of calls that rules count. */
  readonly clients: {
    readonly open: OpenRequestMemory;
    readonly counters: ClientMemory;
    readonly numbers: NumberMemory;
  };
  /** One array of metric values per event loop with traffic. */
  readonly metrics: readonly SharedArrayBuffer[];
};

/** What one event loop gets of it. */
export type EventLoopMemory = Omit<SharedMemory, "metrics"> & { readonly metrics: SharedArrayBuffer };

/** Keys that may be added by later configurations without a restart. */
const spareKeys = 64;
/** Enough that no two nodes have the same name. */
const pseudonymBytes = 12;

/**
 * Allocates the shared memory of a node, and makes up its name.
 *
 * @param loops event loops with traffic; the main thread takes part in the permits as one more
 */
export function createSharedMemory(config: Config, loops: number): SharedMemory {
  return {
    pseudonym: `stuntdouble-${randomBytes(pseudonymBytes).toString("hex")}`,
    loops,
    permits: createPermitMemory({ max: config.permits.max, queue: config.permits.queue, workers: loops }),
    rates: createRateMemory(config.auth.keys.length + 1 + spareKeys),
    mirrors: createRateMemory(maxMirrors),
    budgets: createBudgetMemory(),
    responses: createResponseMemory(),
    replies: createReplyMemory(),
    engines: createEngineMemory(),
    prompts: createPromptIndexMemory(),
    probes: createProbeMemory(),
    experiments: createExperimentMemory(loops),
    fleet: createFleetBuffer(loops + 1),
    clients: {
      open: createOpenRequestMemory(),
      counters: createClientMemory(loops + 1),
      numbers: createNumberMemory(),
    },
    metrics: Array.from({ length: loops }, () => new SharedArrayBuffer(valuesLength * Float64Array.BYTES_PER_ELEMENT)),
  };
}

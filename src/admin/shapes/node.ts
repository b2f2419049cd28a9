import { z } from "zod";
import type { BreakerState } from "../../limits/breaker.ts";
import type { NodeStatus } from "../resource.ts";
import { describes } from "./describes.ts";

const count = z.int().min(0);
const time = z.iso.datetime();

/** The state of circuit breakers, by upstream. */
export type Breakers = { readonly breakers: Readonly<Record<string, BreakerState>> };

/** How a node is. */
export const nodeStatus = describes<NodeStatus & Breakers>()(
  z.object({
    version: z.string(),
    uptimeSeconds: count,
    workers: count.describe("Event loops"),
    generation: count.describe("Number of the configuration in force"),
    hash: z.string().optional().describe("Of the text of the configuration: the first 12 hex digits of its SHA-256"),
    source: z
      .object({
        from: z.enum(["built-in", "file", "consul", "etcd", "api"]),
        at: z.string().optional(),
        version: z.string().optional(),
        reachable: z.boolean().optional(),
        copy: z.boolean().optional(),
        error: z.string().optional(),
      })
      .describe("Where the configuration in force comes from"),
    inFlight: count,
    waiting: count.describe("Calls in the queue"),
    permits: z.object({ max: count, available: count }),
    breakers: z.record(z.string(), z.enum(["closed", "open", "half-open"])).describe("State by upstream"),
    draining: z.boolean(),
  }),
);

/** One limit of the budget of an upstream. */
export const budgetUse = z.object({
  upstream: z.string(),
  kind: z.string(),
  limit: z.number(),
  used: z.number(),
  ratio: z.number(),
  endsAt: time,
});

/** What was learned of one model. */
export const learnedModel = z.object({
  name: z.string(),
  upstream: z.string(),
  model: z.string(),
  calls: count,
  streams: count,
  effectiveStreams: count,
  since: time,
  until: time,
  isEnough: z.boolean(),
});

/** A latency profile, as the configuration has it. */
export const profile = z.looseObject({ name: z.string(), description: z.string(), models: z.array(z.string()) });

/** The nodes that share. */
export const nodeList = z.object({
  shared: z.boolean(),
  redisUp: z.boolean().optional(),
  differ: z.boolean().optional().describe("Whether not all have the same configuration"),
  nodes: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      host: z.string(),
      generation: count,
      hash: z.string(),
      startedAt: time.optional(),
      ageMs: z.number(),
      isThis: z.boolean(),
    }),
  ),
});

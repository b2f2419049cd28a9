import { z } from "zod";
import type { BreakerState } from "../../limits/breaker.ts";
import type { NodeStatus } from "../resource.ts";
import { breakerState, forcedBreakers } from "./breakers.ts";
import { describes } from "./describes.ts";

const count = z.int().min(0);
const time = z.iso.datetime();

/** The state of circuit breakers, by upstream. */
export type Breakers = { readonly breakers: Readonly<Record<string, BreakerState>> };

const status = {
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
  draining: z.boolean(),
};

/** How a node is, without its breakers. */
export const bareStatus = describes<NodeStatus>()(z.object(status));

/** How a node is. */
export const nodeStatus = describes<NodeStatus & Breakers>()(
  z.object({
    ...status,
    breakers: z.record(z.string(), breakerState).describe("State by upstream"),
    forcedBreakers: forcedBreakers.optional(),
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

const quantiles = z.object({ p50: z.number(), p99: z.number() });

/** What a node has counted since its start, and what it does at the moment. */
const nodeTotals = z.object({
  calls: z.number(),
  errors: z.number(),
  inFlight: z.number(),
  waiting: z.number(),
  totalMs: quantiles.optional(),
  ttftMs: quantiles.optional(),
});

/** The drift of the simulation over all nodes. */
export const nodeDrift = z.object({
  shared: z.boolean(),
  redisUp: z.boolean().optional(),
  nodes: z.array(z.string()).describe("Those whose calls are in it"),
  ratios: z.array(z.object({ model: z.string(), measure: z.string(), quantile: z.number(), ratio: z.number() })),
});

/** The nodes that share. */
export const nodeList = z.object({
  shared: z.boolean(),
  redisUp: z.boolean().optional(),
  differ: z.boolean().optional().describe("Whether not all have the same configuration"),
  totals: nodeTotals.optional().describe("Of all nodes together"),
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
      totals: nodeTotals.optional(),
    }),
  ),
});

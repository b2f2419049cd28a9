import { z } from "zod";
import type { Policy } from "../../core/capacity/types.ts";

const count = z.int().min(1).max(100_000);
const seconds = z.int().min(1).max(86_400);
const percentage = z.number().positive().max(100);
const usd = z.number().min(0);

function triggers(name: "above" | "below") {
  const trigger = <Limit extends z.ZodType<number>>(limit: Limit) =>
    z
      .strictObject({ [name]: limit, forSeconds: seconds })
      .transform(({ [name]: value, forSeconds }) => ({ limit: Number(value), forSeconds: Number(forSeconds) }));
  return { cpuPercentage: trigger(percentage), p99Ms: trigger(z.number().positive()) };
}

/** A file that says what nodes are, how they are checked and scaled, and what is expected of them. */
export const policySchema = z.strictObject({
  instances: z.record(z.string().min(1), z.strictObject({ cores: z.int().min(1).max(1024), usdPerHour: usd })),
  node: z.strictObject({
    instance: z.string().min(1),
    usablePercentage: percentage,
    maxWaitMs: z.int().min(1).max(600_000),
  }),
  nodes: z.strictObject({ min: count, max: count }),
  zones: z.int().min(1).max(100),
  reserve: z.enum(["none", "zone", "region"]),
  utilisation: z.strictObject({ targetPercentage: percentage, afterLossPercentage: percentage }),
  provisioning: z.strictObject({ minSeconds: seconds, maxSeconds: seconds }),
  drainSeconds: seconds,
  health: z.strictObject({ intervalSeconds: seconds, healthyChecks: count, unhealthyChecks: count }),
  scaling: z.strictObject({
    evaluateSeconds: seconds,
    cooldownSeconds: z.int().min(0).max(86_400),
    up: z.strictObject({ nodes: count, ...triggers("above") }),
    down: z.strictObject({ nodes: count, ...triggers("below") }),
  }),
  regions: z.record(z.string().min(1), percentage),
  failover: z.strictObject({ intervalSeconds: seconds, unhealthyChecks: count, ttlSeconds: seconds }),
  balancer: z.strictObject({ usdPerHour: usd, usdPerUnitHour: usd, unitBytes: z.int().min(1) }),
  traffic: z
    .array(z.strictObject({ atMinutes: z.number().min(0).max(10_080), percentage: z.number().min(0).max(1000) }))
    .min(1),
  goals: z.strictObject({ p99Ms: z.number().positive(), recoverySeconds: seconds, availabilityPercentage: percentage }),
  availability: z.strictObject({
    instancePercentage: percentage,
    balancerPercentage: percentage,
    regionPercentage: percentage,
  }),
  sources: z.record(z.string().min(1), z.string().min(1)),
}) satisfies z.ZodType<Policy>;

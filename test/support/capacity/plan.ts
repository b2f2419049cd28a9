import { nodeModel, type NodeModel } from "../../../src/core/capacity/node.ts";
import { simulate, type Run, type Scenario } from "../../../src/core/capacity/simulate.ts";
import type { Costs, Policy } from "../../../src/core/capacity/types.ts";

/** A node of 10 cores does 10,000 requests/s, and each of its streams of 10 ms takes a tenth of a core. */
export const costs: Costs = {
  machine: "a test",
  measured: "2026-01-01",
  requestMicros: 1000,
  tokenMicros: 1000,
  contentionPercentage: 0,
  contentionCores: 1,
  pauseMs: 0,
  responseBytes: 1000,
  tokenBytes: 100,
};

/** The policy of the tests, with other members where they are given. */
export function policyOf(changes: Partial<Policy> = {}): Policy {
  return {
    instances: { large: { cores: 10, usdPerHour: 1 } },
    node: { instance: "large", usablePercentage: 100, maxWaitMs: 1000 },
    nodes: { min: 2, max: 20 },
    zones: 2,
    reserve: "zone",
    utilisation: { targetPercentage: 75, afterLossPercentage: 95 },
    provisioning: { minSeconds: 60, maxSeconds: 60 },
    drainSeconds: 30,
    health: { intervalSeconds: 10, healthyChecks: 2, unhealthyChecks: 3 },
    scaling: {
      evaluateSeconds: 60,
      cooldownSeconds: 300,
      up: { nodes: 5, cpuPercentage: { limit: 75, forSeconds: 300 }, p99Ms: { limit: 15, forSeconds: 120 } },
      down: { nodes: 5, cpuPercentage: { limit: 40, forSeconds: 600 }, p99Ms: { limit: 8, forSeconds: 60 } },
    },
    regions: { one: 100 },
    failover: { intervalSeconds: 30, unhealthyChecks: 3, ttlSeconds: 60 },
    balancer: { usdPerHour: 1, usdPerUnitHour: 1, unitBytes: 3_600_000_000 },
    traffic: [{ atMinutes: 0, percentage: 100 }],
    goals: { p99Ms: 50, recoverySeconds: 300, availabilityPercentage: 99 },
    availability: { instancePercentage: 99.5, balancerPercentage: 99.99, regionPercentage: 99.99 },
    sources: {},
    ...changes,
  };
}

/** A node of 10 cores. */
export const node: NodeModel = nodeModel(10, 100, costs);

/** Plays a scenario of requests without streams. */
export function play(rps: number, changes: Partial<Scenario> = {}): Run {
  return simulate({
    load: { rps, streams: 0, itlMs: 10 },
    traffic: [{ atMinutes: 0, percentage: 100 }],
    seconds: 1800,
    policy: policyOf(),
    node,
    startNodes: 10,
    seed: 1,
    ...changes,
  });
}

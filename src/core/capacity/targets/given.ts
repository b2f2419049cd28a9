import { nodeModel, type NodeModel } from "../node.ts";
import type { Costs, Policy } from "../types.ts";

/** What the targets say of a node: 12,000 requests/s with 8 cores, of which 85 % count. */
export const given = {
  nodeRps: 12_000,
  cores: 8,
  usablePercentage: 85,
  plannedRps: 10_200,
  curve: [
    { cores: 8, rps: 12_000 },
    { cores: 16, rps: 20_000 },
    { cores: 32, rps: 24_000 },
  ],
} as const;

/** Costs with which a node does what the targets say. */
const givenCosts: Costs = {
  machine: "the targets",
  measured: "2024-01-26",
  requestMicros: (given.cores * 1e6) / given.nodeRps,
  tokenMicros: 1,
  contentionPercentage: 0,
  contentionCores: given.cores,
  pauseMs: 0,
  responseBytes: 1,
  tokenBytes: 1,
};

/** A node as the targets have it. */
export function givenNode(): NodeModel {
  return nodeModel(given.cores, given.usablePercentage, givenCosts);
}

/** What a comparison is made from. */
export type Compared = {
  readonly policy: Policy;
  readonly costs: Costs;
  readonly seed: number;
  /** Of 8 cores, by the targets and by the costs. */
  readonly theirs: NodeModel;
  readonly ours: NodeModel;
};

/** The columns of every comparison. */
export const comparedHead = ["figure", "the targets say", "with their node", "with ours", "holds?"] as const;

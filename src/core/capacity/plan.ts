import { availability } from "./availability.ts";
import { loseRegion, type RegionLoss } from "./failover.ts";
import { shareAt } from "./arrivals.ts";
import { coresFor, nodeModel, p99Ms, scaled, tokensPerSecond, type NodeModel } from "./node.ts";
import { monthlyPrice, type Price } from "./price.ts";
import { simulate, type Run } from "./simulate.ts";
import { nodesFor, sizeRegions, type RegionSize } from "./size.ts";
import type { Costs, Instance, Load, Policy } from "./types.ts";

/** What a plan is made from. */
export type PlanInput = {
  readonly load: Load;
  readonly policy: Policy;
  readonly costs: Costs;
  readonly seed: number;
};

/** A region with its nodes, and how it went in the simulation. */
export type RegionPlan = RegionSize & {
  readonly utilisation: number;
  readonly p99Ms: number;
  readonly availability: number;
  /** The traffic that the policy tells. */
  readonly run: Run;
  /** The same load when a zone is lost; absent where nodes have no other. */
  readonly zoneLoss?: Run;
};

/** How many nodes a load needs, where, at what price, and what happens when load or nodes change. */
export type CapacityPlan = PlanInput & {
  readonly node: NodeModel;
  readonly instance: Instance;
  readonly tokensPerSecond: number;
  /** CPU that the load takes, in cores. */
  readonly cores: number;
  readonly regions: readonly RegionPlan[];
  readonly regionLosses: readonly RegionLoss[];
  readonly price: Price;
  /** What is missing, one sentence each; none where the plan is met. */
  readonly missing: readonly string[];
};

/** When a zone is lost, and how long it is watched. */
const zoneLoss = { atSeconds: 300, seconds: 1800 } as const;
/** Simulated beyond the last point of the traffic. */
const afterTrafficSeconds = 1800;

/** Makes a plan; the same for the same input. */
export function planCapacity(input: PlanInput): CapacityPlan {
  const { load, policy, costs } = input;
  const instance = policy.instances[policy.node.instance] ?? { cores: 0, usdPerHour: 0 };
  const node = nodeModel(instance.cores, policy.node.usablePercentage, costs);
  const regions = sizeRegions(load, policy, node).map((size) => planRegion(size, input, node));
  const regionLosses = policy.reserve === "region" ? lossesOf(regions, input, node) : [];
  const nodes = regions.reduce((sum, region) => sum + region.nodes, 0);
  return {
    ...input,
    node,
    instance,
    tokensPerSecond: tokensPerSecond(load),
    cores: coresFor(load, node),
    regions,
    regionLosses,
    price: monthlyPrice(load, { nodes, regions: regions.length, instance }, { balancer: policy.balancer, costs }),
    missing: [...regions.flatMap((region) => missingIn(region, input)), ...missingAfterLoss(regionLosses, policy)],
  };
}

function planRegion(size: RegionSize, input: PlanInput, node: NodeModel): RegionPlan {
  const { policy, seed } = input;
  const nodes = Math.min(size.nodes, policy.nodes.max);
  const utilisation = coresFor(size.load, node) / (nodes * node.usableCores);
  const scenario = { load: size.load, policy, node, startNodes: nodes, seed };
  const lastMinute = policy.traffic.at(-1)?.atMinutes ?? 0;
  const seconds = lastMinute * 60 + afterTrafficSeconds;
  const run = simulate({
    ...scenario,
    traffic: policy.traffic,
    seconds,
    startNodes: startNodes(size.name, input, node),
  });
  const steady = [{ atMinutes: 0, percentage: 100 }];
  const lossOf = { ...scenario, traffic: steady, seconds: zoneLoss.seconds, zoneLostAtSeconds: zoneLoss.atSeconds };
  const needed = nodesFor(size.load, node, policy.utilisation.afterLossPercentage / 100);
  return {
    ...size,
    utilisation,
    p99Ms: p99Ms(utilisation, node),
    availability: availability({ needed, nodes }, policy.availability),
    run,
    ...(policy.zones > 1 && { zoneLoss: simulate(lossOf) }),
  };
}

/** What the traffic at its beginning needs; no more than there may be. */
function startNodes(name: string, { load, policy }: PlanInput, node: NodeModel): number {
  const sizes = sizeRegions(scaled(load, shareAt(policy.traffic, 0)), policy, node);
  return Math.min(sizes.find((size) => size.name === name)?.nodes ?? policy.nodes.min, policy.nodes.max);
}

function lossesOf(regions: readonly RegionPlan[], { policy, seed, load }: PlanInput, node: NodeModel): RegionLoss[] {
  const nodes = Object.fromEntries(regions.map((region) => [region.name, Math.min(region.nodes, policy.nodes.max)]));
  return regions.map(({ name }) => loseRegion(name, { policy, node, seed, load, nodes }));
}

function missingIn(region: RegionPlan, { policy }: PlanInput): string[] {
  const { name, nodes, run, utilisation } = region;
  const { max } = policy.nodes;
  const { p99Ms: goalMs, availabilityPercentage } = policy.goals;
  const found: string[] = [];
  if (nodes > max) {
    const load = `${max} nodes have to do ${percent(utilisation)} of what they can`;
    return [`${name} needs ${nodes} nodes and may have ${max}: raise nodes.max, or take a larger instance; ${load}`];
  }
  if (region.p99Ms > goalMs)
    found.push(`${name} has a P99 of ${region.p99Ms.toFixed(1)} ms, and ${goalMs} ms is the goal`);
  if (run.lost > 0) found.push(`${name} loses ${run.lost.toLocaleString("en-US")} calls when its traffic changes`);
  const zoneOutage = lossSeconds(region);
  if (zoneOutage > policy.goals.recoverySeconds)
    found.push(
      `${name} loses calls for ${zoneOutage} s when a zone is lost, and ${policy.goals.recoverySeconds} s is the goal`,
    );
  if (region.availability * 100 < availabilityPercentage)
    found.push(
      `${name} is up ${percent(region.availability)} of the time, and ${availabilityPercentage} % is the goal`,
    );
  return found;
}

function missingAfterLoss(losses: readonly RegionLoss[], { goals: { recoverySeconds } }: Policy): string[] {
  return losses.flatMap(({ lost, recoveredAfterSeconds: after }) => {
    if (after === undefined) return [`without ${lost} the other regions go on losing calls`];
    return after > recoverySeconds
      ? [`without ${lost} calls are lost for ${after} s, and ${recoverySeconds} s is the goal`]
      : [];
  });
}

/** For how long calls are lost when a zone is. */
export function lossSeconds({ zoneLoss: run }: Pick<RegionPlan, "zoneLoss">): number {
  return Math.max(0, (run?.lastLossSeconds ?? 0) + 1 - zoneLoss.atSeconds);
}

/** A share as a percentage. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2)).toLocaleString("en-US")} %`;
}

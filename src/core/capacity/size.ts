import { coresFor, scaled, utilisationAt, type NodeModel } from "./node.ts";
import type { Load, Policy } from "./types.ts";

/** How many nodes a region needs, and for what. */
export type RegionSize = {
  readonly name: string;
  /** Of the whole traffic. */
  readonly share: number;
  readonly load: Load;
  /** So that its own traffic keeps to the target. */
  readonly forLoad: number;
  /** So that its traffic is served when a zone is lost; absent where that is not asked. */
  readonly forZone?: number;
  /** So that it takes its part of a lost region; absent where that is not asked. */
  readonly forRegion?: number;
  /** Share of the whole traffic that it gets when the worst of the others is lost. */
  readonly takeOver?: number;
  /** The largest of them, and no fewer than the minimum. */
  readonly nodes: number;
};

/** Nodes whose utilisation stays at or below a limit, at least one. */
export function nodesFor(load: Load, node: NodeModel, utilisation: number): number {
  return Math.max(1, Math.ceil(coresFor(load, node) / (node.usableCores * utilisation) - 1e-9));
}

/** The utilisation that keeps to the target and to the goal for P99, whichever is lower. */
function targetUtilisation({ utilisation, goals }: Policy, node: NodeModel): number {
  return Math.min(utilisation.targetPercentage / 100, utilisationAt(goals.p99Ms, node));
}

/** Sizes each region. */
export function sizeRegions(load: Load, policy: Policy, node: NodeModel): RegionSize[] {
  return Object.entries(policy.regions).map(([name, percentage]) => {
    const share = percentage / 100;
    return sizeRegion({ name, share, load: scaled(load, share), takeOver: takeOver(policy, name) }, policy, {
      node,
      whole: load,
    });
  });
}

type Asked = Pick<RegionSize, "name" | "share" | "load"> & { readonly takeOver: number };

function sizeRegion(
  { name, share, load, takeOver }: Asked,
  policy: Policy,
  { node, whole }: { readonly node: NodeModel; readonly whole: Load },
): RegionSize {
  const afterLoss = policy.utilisation.afterLossPercentage / 100;
  const forLoad = nodesFor(load, node, targetUtilisation(policy, node));
  const needed = nodesFor(load, node, afterLoss);
  const forZone = policy.reserve === "none" ? undefined : withZoneReserve(needed, policy.zones);
  const forRegion = policy.reserve === "region" ? nodesFor(scaled(whole, takeOver), node, afterLoss) : undefined;
  return {
    name,
    share,
    load,
    forLoad,
    ...(forZone !== undefined && { forZone }),
    ...(forRegion !== undefined && { forRegion, takeOver }),
    nodes: Math.max(forLoad, forZone ?? 0, forRegion ?? 0, policy.nodes.min),
  };
}

/** The fewest nodes of which enough remain when the fullest zone is lost. */
function withZoneReserve(needed: number, zones: number): number {
  let nodes = needed;
  while (nodes - Math.ceil(nodes / zones) < needed) nodes += 1;
  return nodes;
}

/** What a region gets of the whole traffic when the region is lost that leaves it the most. */
function takeOver({ regions }: Policy, name: string): number {
  const own = regions[name] ?? 0;
  const others = Object.entries(regions).filter(([other]) => other !== name);
  return Math.max(own / 100, ...others.map(([, lost]) => (lost < 100 ? own / (100 - lost) : 0)));
}

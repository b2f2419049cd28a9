import { availability } from "../availability.ts";
import { loseRegion, redirectedAfter, type RegionLoss } from "../failover.ts";
import { p99Ms, utilisationAt, type NodeModel } from "../node.ts";
import { percent } from "../plan.ts";
import { monthlyPrice, type Price } from "../price.ts";
import { count, lasting, msText, usd } from "../report/figures.ts";
import type { Part } from "../report/formats.ts";
import { simulate } from "../simulate.ts";
import { sizeRegions } from "../size.ts";
import type { Load, Policy } from "../types.ts";
import { comparedHead, type Compared } from "./given.ts";

const nodes = 10;
const regionRps = 102_000;
const worldRps = 306_000;

function loadOf(rps: number): Load {
  return { rps, streams: 0, itlMs: 15 };
}

/** Ten nodes over two zones. */
export function oneRegion(compared: Compared): Part {
  return {
    title: "One region: 10 nodes over two zones, 102K, 99.9 %",
    note: "Availability is that of nodes which are each up 99.5 % of the time, independently, times 99.99 % for the balancer and 99.99 % for the region, as their provider promises.",
    table: { head: comparedHead, rows: [...loadRows(compared), ...lossRows(compared)] },
  };
}

function loadRows({ policy, theirs, ours }: Compared): string[][] {
  const { p99Ms: goalMs } = policy.goals;
  const both = (of: (node: NodeModel) => string): string[] => [theirs, ours].map(of);
  const most = both((node) => count(nodes * node.maxRps));
  const p99 = both((node) => msText(p99Ms(regionRps / (nodes * node.maxRps), node)));
  const atGoal = both((node) => count(utilisationAt(goalMs, node) * nodes * node.maxRps));
  return [
    ["requests/s of 10 nodes at 100 % CPU", count(regionRps), ...most, "yes, as a limit"],
    ["P99 at 102K", "below 15 ms", ...p99, "no with their node: at 100 % CPU the queue grows"],
    [`requests/s at a P99 of ${goalMs} ms`, count(regionRps), ...atGoal, "no with their node"],
  ];
}

function lossRows(compared: Compared): string[][] {
  const { policy, theirs, ours } = compared;
  const afterLoss = policy.utilisation.afterLossPercentage / 100;
  const both = (of: (node: NodeModel) => string): string[] => [theirs, ours].map(of);
  const up = (needed: number): string => percent(availability({ needed, nodes }, policy.availability));
  const rest = both((node) => count((nodes / 2) * node.maxRps * afterLoss));
  const lost = both((node) => count(zoneLoss(compared, node)));
  const sized = both((node) => `${sizedFor(policy, node)}`);
  return [
    ["load that outlasts a zone on 10 nodes", "not said", ...rest, "no with their node: half of the nodes remain"],
    [
      "calls lost at 102K in the 25 min after a zone",
      "not said",
      ...lost,
      "no: none would take a balancer that tries again",
    ],
    ["up, if all 10 nodes are needed", "99.9 %", up(10), up(10), "no"],
    ["up, if 8 of 10 are enough", "99.9 %", up(8), up(8), "yes: at most 81,600 requests/s with their node"],
    ["nodes for 102K with a zone in reserve", "10", ...sized, "no with their node"],
  ];
}

function sizedFor(policy: Policy, node: NodeModel): number {
  const alone: Policy = { ...policy, regions: { one: 100 }, reserve: "zone" };
  return sizeRegions(loadOf(regionRps), alone, node)[0]?.nodes ?? 0;
}

function zoneLoss({ policy, seed }: Compared, node: NodeModel): number {
  const traffic = [{ atMinutes: 0, percentage: 100 }];
  const load = loadOf(regionRps);
  return simulate({ load, traffic, seconds: 1800, policy, node, startNodes: nodes, seed, zoneLostAtSeconds: 300 }).lost;
}

/** Traffic of the targets by continent: the Americas, Europe, Asia. */
const byContinent = { "us-east-1": 40, "eu-west-1": 35, "us-west-2": 25 } as const;
/** The Americas divided between two regions, and Asia in the one that is closest. */
const largestByLatency = 0.45;

/** Three regions with ten nodes each, and one of them lost. */
export function threeRegions(compared: Compared): Part {
  const { policy, theirs, ours } = compared;
  const world: Policy = { ...policy, regions: byContinent, reserve: "region" };
  const [theirSizes, ourSizes] = [theirs, ours].map((node) => sizeRegions(loadOf(worldRps), world, node));
  const withReserve = [theirs, ours].map((node) => lossOf(compared, world, node));
  const moves = `${redirectedAfter(policy)} s`;
  return {
    title: "Three regions: 306K, 40/35/25 %, one region lost",
    note: "The targets give 40 % of the traffic, that of the Americas, to two regions, and Asia's to the closest one: a region gets up to 45 %. The region that is lost is us-east-1 with 40 %, as in the traffic of the title.",
    table: {
      head: comparedHead,
      rows: [
        ...shareRows(ours),
        ["clients move after", "2 to 5 min", moves, moves, "yes"],
        ["no loss after (RTO), with nodes in reserve", "2 to 5 min", ...withReserve.map(rto), "yes"],
        [
          "no loss after (RTO), 10 nodes a region, 70 % CPU",
          "2 to 5 min",
          withoutReserve(compared, theirs),
          withoutReserve(compared, ours),
          "no with their node: 10 nodes have no reserve",
        ],
        [
          "calls lost until then, with nodes in reserve",
          "not said",
          ...withReserve.map(({ lostCalls }) => count(lostCalls)),
          "",
        ],
        ["state lost (RPO)", "0", "0", "0, but streams in flight break", "yes"],
        ...(theirSizes ?? []).map(({ name, takeOver, nodes: needed }, index) => [
          `nodes in ${name}, for up to ${percent(takeOver ?? 0)} of all`,
          "10",
          `${needed}`,
          `${ourSizes?.[index]?.nodes ?? 0}`,
          needed > nodes ? "no with their node" : "yes",
        ]),
      ],
    },
  };
}

function rto({ recoveredAfterSeconds }: RegionLoss): string {
  return lasting(recoveredAfterSeconds);
}

/** With as many nodes as the plan has, of which there may be more than the policy's maximum. */
function lossOf({ seed }: Compared, world: Policy, node: NodeModel): RegionLoss {
  const load = loadOf(worldRps);
  const sizes = Object.fromEntries(sizeRegions(load, world, node).map((size) => [size.name, size.nodes]));
  return loseRegion("us-east-1", { policy: world, node, seed, load, nodes: sizes });
}

/** Where the shares of the targets exceed what ten of their nodes can do. */
function shareRows({ maxRps }: NodeModel): string[][] {
  const ourMax = count(nodes * maxRps);
  const fits = (share: number): string => `no with their node: ${count(regionRps / share)} in all fit`;
  return [
    [
      "requests/s of a region with 40 %",
      count(regionRps),
      `${count(worldRps * 0.4)} for 102,000`,
      `of ${ourMax}`,
      fits(0.4),
    ],
    [
      "requests/s of a region with 45 %",
      count(regionRps),
      `${count(worldRps * largestByLatency)} for 102,000`,
      `of ${ourMax}`,
      fits(largestByLatency),
    ],
    [
      "requests/s of each of two regions, after a loss",
      "not said",
      `${count(worldRps / 2)} for 102,000`,
      `of ${ourMax}`,
      "no with their node: 204,000 in all fit",
    ],
  ];
}

/** Ten nodes in each of three like regions, at 70 % CPU, of which one is lost. */
function withoutReserve({ policy, seed }: Compared, node: NodeModel): string {
  const even: Policy = { ...policy, regions: { one: 100 / 3, two: 100 / 3, three: 100 / 3 } };
  const load = loadOf(3 * nodes * node.maxRps * 0.7);
  const loss = loseRegion("one", { policy: even, node, seed, load, nodes: { two: nodes, three: nodes } });
  return `${rto(loss)}, ${count(loss.lostCalls)} lost`;
}

/** What a month costs. */
export function month({ policy, costs, theirs, ours }: Compared): Part {
  const { balancer } = policy;
  const instance = policy.instances[policy.node.instance] ?? { cores: 0, usdPerHour: 0 };
  const priced = (fleet: number): Price =>
    monthlyPrice(loadOf(regionRps), { nodes: fleet, regions: 1, instance }, { balancer, costs });
  const ten = priced(nodes);
  const sized = [theirs, ours].map((node) => priced(sizedFor(policy, node)));
  return {
    title: "A month",
    note: `${policy.node.instance} at $${instance.usdPerHour} an hour in us-east-1, 730 hours; units of the balancer for 102K responses/s of ${count(costs.responseBytes)} bytes around the clock. Without what leaves to the internet, Redis, Prometheus and logs. Other regions cost more.`,
    table: {
      head: comparedHead,
      rows: [
        ["10 nodes", "$2,500", usd(ten.nodes), usd(ten.nodes), "yes: the nodes alone"],
        [
          "the balancer at 102K",
          "not said",
          usd(ten.balancers + ten.traffic),
          usd(ten.balancers + ten.traffic),
          "no: as much again",
        ],
        ["10 nodes and the balancer", "$2,500", usd(ten.total), usd(ten.total), "no"],
        ["102K with a zone in reserve, and the balancer", "$2,500", ...sized.map(({ total }) => usd(total)), "no"],
      ],
    },
  };
}

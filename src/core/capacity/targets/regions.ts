import { availability } from "../availability.ts";
import { loseRegion, redirectedAfter } from "../failover.ts";
import { p99Ms, scaled, utilisationAt, type NodeModel } from "../node.ts";
import { percent } from "../plan.ts";
import { monthlyPrice } from "../price.ts";
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
  const { policy, theirs, ours } = compared;
  const highest = utilisationAt(policy.goals.p99Ms, theirs) * nodes * theirs.maxRps;
  const halved = (nodes / 2) * theirs.maxRps * (policy.utilisation.afterLossPercentage / 100);
  const up = (needed: number): string => percent(availability({ needed, nodes }, policy.availability));
  const sized = sizeRegions(loadOf(regionRps), { ...policy, regions: { one: 100 }, reserve: "zone" }, ours)[0];
  const zone = zoneLoss(compared, ours, sized?.nodes ?? nodes);
  const theirZone = zoneLoss(compared, theirs, nodes);
  const ourMax = nodes * ours.maxRps;
  return {
    title: "One region: 10 nodes over two zones, 102K, 99.9 %",
    note: "Availability is that of nodes which are each up 99.5 % of the time, independently, times 99.99 % for the balancer and 99.99 % for the region, as their provider promises.",
    table: {
      head: comparedHead,
      rows: [
        ["requests/s of 10 nodes", count(regionRps), count(ourMax), "yes, as a limit"],
        ["P99 at that load", "below 15 ms", msText(p99Ms(regionRps / ourMax, ours)), `by the targets' node no: the queue does not end at 100 % CPU; 15 ms allow ${count(highest)}`],
        ["load that survives a zone", "not said", `${count((halved * ours.maxRps) / theirs.maxRps)} on 10 nodes`, `by the targets' node ${count(halved)}`],
        ["a zone lost at 102K, calls lost in 25 min", "not said", count(zone), `by the targets' node ${count(theirZone)}`],
        ["up, if all 10 nodes are needed", "99.9 %", up(10), "no"],
        ["up, if 8 of 10 are enough (81.6K)", "99.9 %", up(8), "yes"],
        ["nodes for 102K with a zone in reserve", "10", `${sized?.nodes ?? 0}`, "yes"],
      ],
    },
  };
}

function zoneLoss({ policy, seed }: Compared, node: NodeModel, startNodes: number): number {
  const traffic = [{ atMinutes: 0, percentage: 100 }];
  const load = loadOf(regionRps);
  return simulate({ load, traffic, seconds: 1800, policy, node, startNodes, seed, zoneLostAtSeconds: 300 }).lost;
}

/** Traffic of the targets: the Americas, Europe and Asia; once by continent, once as its regions get it. */
const byContinent = { "us-east-1": 40, "eu-west-1": 35, "us-west-2": 25 } as const;
const byLatency = { "us-east-1": 20, "eu-west-1": 35, "us-west-2": 45 } as const;

/** Three regions with ten nodes each, and one of them lost. */
export function threeRegions(compared: Compared): Part {
  const { policy, ours, seed } = compared;
  const world: Policy = { ...policy, regions: byContinent, reserve: "region" };
  const sizes = sizeRegions(loadOf(worldRps), world, ours);
  const sized = Object.fromEntries(sizes.map((size) => [size.name, size.nodes]));
  const loss = loseRegion("us-east-1", { policy: world, node: ours, seed, load: loadOf(worldRps), nodes: sized });
  const holds = loss.recoveredAfterSeconds !== undefined && loss.recoveredAfterSeconds <= 300;
  return {
    title: "Three regions: 306K, 40/35/25 %, one region lost",
    note: "The targets give the Americas two regions and Asia the closest one, so a region gets up to 45 % of the traffic.",
    table: {
      head: comparedHead,
      rows: [
        ...shareRows(),
        ["clients move after", "2 to 5 min", `${redirectedAfter(policy)} s`, "yes"],
        ["RTO, with nodes in reserve", "2 to 5 min", lasting(loss.recoveredAfterSeconds), holds ? "yes" : "no"],
        ["RTO at 306K without a reserve", "2 to 5 min", withoutReserve(compared), "no"],
        ["calls lost meanwhile", "not said", count(loss.lostCalls), ""],
        ["RPO", "0", "0 state; streams in flight break", "yes, but for streams"],
        ...sizes.map(({ name, nodes: needed, takeOver }) => [
          `nodes in ${name}, for ${percent(takeOver ?? 0)} of all`,
          "10",
          `${needed}`,
          needed <= 10 ? "yes" : "no",
        ]),
      ],
    },
  };
}

/** By the targets' node: what its regions can take at the most. */
function shareRows(): string[][] {
  return [
    ["40/35/25 % of 306K, largest region", count(worldRps / 3), count(worldRps * 0.4), `no: 40 % are more than a third; ${count(regionRps / 0.4)} in all fit`],
    ["as DNS routes it (20/35/45 %)", count(worldRps / 3), count((worldRps * byLatency["us-west-2"]) / 100), `no: ${count(regionRps / 0.45)} in all fit`],
    ["the largest lost, the others get", "not said", count(worldRps / 2), `no: they have 204,000 for 306,000`],
  ];
}

/** By the targets' node: two regions for the traffic of three, until the autoscaler has added nodes. */
function withoutReserve({ policy, theirs, seed }: Compared): string {
  const even: Policy = { ...policy, regions: { one: 100 / 3, two: 100 / 3, three: 100 / 3 } };
  const load = scaled(loadOf(worldRps), 0.95);
  const loss = loseRegion("one", { policy: even, node: theirs, seed, load, nodes: { two: nodes, three: nodes } });
  return `${lasting(loss.recoveredAfterSeconds)}, ${count(loss.lostCalls)} calls lost (the targets' node at 95 %)`;
}

/** What a month costs. */
export function month({ policy, costs, ours }: Compared): Part {
  const { balancer } = policy;
  const instance = policy.instances[policy.node.instance] ?? { cores: 0, usdPerHour: 0 };
  const ten = monthlyPrice(loadOf(regionRps), { nodes, regions: 1, instance }, { balancer, costs });
  const sized = sizeRegions(loadOf(regionRps), { ...policy, regions: { one: 100 }, reserve: "zone" }, ours)[0]?.nodes ?? 0;
  const few = monthlyPrice(loadOf(regionRps), { nodes: sized, regions: 1, instance }, { balancer, costs });
  return {
    title: "A month",
    note: `c6i.2xlarge at $${instance.usdPerHour} an hour in us-east-1, 730 hours; the balancer's units at 102K requests/s of ${costs.responseBytes} bytes around the clock. Without what leaves to the internet, Redis, Prometheus and logs. Other regions cost more.`,
    table: {
      head: comparedHead,
      rows: [
        ["10 nodes", "$2,500", usd(ten.nodes), "yes: the nodes alone"],
        ["their balancer at 102K", "not said", usd(ten.balancers + ten.traffic), "no: it costs more than the nodes"],
        ["one region in all", "$2,500", usd(ten.total), "no"],
        [`${sized} of our nodes for 102K, with their balancer`, "", usd(few.total), ""],
      ],
    },
  };
}

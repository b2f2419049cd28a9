import { nodeModel } from "../node.ts";
import type { Report } from "../report/formats.ts";
import type { Costs, Policy } from "../types.ts";
import { given, givenNode, type Compared } from "./given.ts";
import { month, oneRegion, threeRegions } from "./regions.ts";
import { coreCurve, linearLaw, manyStreams } from "./scaling.ts";
import { timelineParts } from "./timeline.ts";

/**
 * The scaling targets beside what the measured costs come to.
 *
 * @param input the policy is that of the targets
 */
export function targetsReport(input: {
  readonly policy: Policy;
  readonly costs: Costs;
  readonly seed: number;
}): Report {
  const { policy, costs } = input;
  const ours = nodeModel(given.cores, policy.node.usablePercentage, costs);
  const compared: Compared = { ...input, theirs: givenNode(), ours };
  return {
    title: "Capacity",
    intro: [
      "From two measured cores to 306,000 requests/s: the scaling targets of Stuntdouble beside what its measured costs come to, and where the targets cannot hold.",
      `Our figures are from ${costs.machine}, measured on ${costs.measured}: ${costs.requestMicros} µs CPU for a small simulated response with every feature on, ${costs.tokenMicros} µs for a token of a stream. Everything beyond two cores and one node is computed, not measured.`,
      "This page is made by `stuntdouble plan capacity --targets`; `stuntdouble plan capacity --rps 50000 --streams 20000 --itl 15` plans for a load of your own.",
    ],
    parts: [
      linearLaw(compared),
      coreCurve(compared),
      manyStreams(compared),
      ...timelineParts(compared),
      oneRegion(compared),
      threeRegions(compared),
      month(compared),
      { title: "The model", list: model },
    ],
  };
}

const model = [
  "A node has one event loop for each core. A request takes its CPU time, and a little more for each further event loop, since they share permits, rate limits and metrics in memory. A token of a stream takes its own CPU time.",
  "Utilisation is that of the CPU which calls may have, 85 % of all by default. The rest is for the system, TLS and agents.",
  "P99 is that of one queue M/M/1 for each event loop, because a connection stays with its loop, and one pause of its garbage collector. Network, TLS and what a profile or an upstream takes are not in it.",
  "Nodes, health checks, provisioning and scaling are events of a simulation; calls are counted each second, as a fluid with Poisson arrivals. What would wait longer than the policy allows is lost, and so is what the balancer sends to a node that has failed, until health checks notice.",
  "Tokens of open streams come before new calls. A node that has too many streams sends late tokens together in reality; the plan counts its new calls as lost.",
  "The autoscaler sees averages of one minute. A trigger fires when it was passed in each minute of its time.",
];

import { percent, lossSeconds, type CapacityPlan, type RegionPlan } from "../plan.ts";
import { timeText } from "../scaler.ts";
import { count, entryRows, lasting, msText, usd } from "./figures.ts";
import type { Part, Report } from "./formats.ts";
import { mustHave } from "./must.ts";
import { runPlots } from "./plots.ts";

/** A plan as a report. */
export function planReport(plan: CapacityPlan): Report {
  const { load, regions, missing } = plan;
  const nodes = regions.reduce((sum, region) => sum + region.nodes, 0);
  return {
    title: `Capacity for ${count(load.rps)} requests/s and ${count(load.streams)} streams`,
    intro: [
      missing.length === 0
        ? `The plan is met with ${nodes} nodes.`
        : `The plan is not met: ${missing.length === 1 ? "one thing is" : `${missing.length} things are`} missing.`,
    ],
    parts: [
      ...(missing.length === 0 ? [] : [{ title: "What is missing", list: missing }]),
      demandPart(plan),
      regionsPart(plan),
      ...regions.map(trafficPart),
      ...(regions.some(({ zoneLoss }) => zoneLoss !== undefined) ? [zonePart(plan)] : []),
      ...(plan.regionLosses.length === 0 ? [] : [regionLossPart(plan)]),
      pricePart(plan),
      { title: "What your balancer and autoscaler must have", list: mustHave(plan) },
      { title: "What this rests on", list: restsOn(plan) },
    ],
  };
}

function demandPart({ load, node, policy, cores, tokensPerSecond }: CapacityPlan): Part {
  return {
    title: "What is asked, and what a node can do",
    table: {
      head: ["", ""],
      rows: [
        ["requests/s", count(load.rps)],
        ["tokens/s of streams", count(tokensPerSecond)],
        ["CPU that takes", `${count(cores)} cores`],
        ["node", `${policy.node.instance}, ${node.cores} cores, ${policy.node.usablePercentage} % for calls`],
        ["requests/s of a node, without streams", count(node.maxRps)],
        ["CPU of a request", `${count(node.requestSeconds * 1e6)} µs`],
      ],
    },
  };
}

function regionsPart({ regions, policy }: CapacityPlan): Part {
  const { targetPercentage, afterLossPercentage } = policy.utilisation;
  return {
    title: "Nodes",
    note: `For the load: at most ${targetPercentage} % CPU and ${policy.goals.p99Ms} ms P99. For a lost zone or region: at most ${afterLossPercentage} % CPU on what remains.`,
    table: {
      head: [
        "region",
        "share",
        "requests/s",
        "for the load",
        "a zone lost",
        "a region lost",
        "nodes",
        "CPU",
        "P99",
        "up",
      ],
      rows: regions.map((region) => [
        region.name,
        percent(region.share),
        count(region.load.rps),
        region.forLoad,
        region.forZone,
        region.forRegion,
        region.nodes,
        percent(region.utilisation),
        msText(region.p99Ms),
        percent(region.availability),
      ]),
    },
  };
}

function trafficPart({ name, run }: RegionPlan): Part {
  const rows = entryRows(run.entries);
  return {
    title: `Traffic of ${name} over time`,
    note: `${count(run.arrived)} calls, ${count(run.lost)} of them lost; ${count(run.nodeHours)} hours of nodes.`,
    table: { head: ["at", "what happens"], rows: rows.length > 0 ? rows : [["", "no node is added or removed"]] },
    plots: runPlots(name, run),
  };
}

function zonePart({ regions, policy }: CapacityPlan): Part {
  const detected = policy.health.intervalSeconds * policy.health.unhealthyChecks;
  return {
    title: "When a zone is lost",
    note: `At 5:00 one of ${policy.zones} zones fails. Until health checks notice, after ${detected} s, its calls are lost.`,
    table: {
      head: ["region", "calls lost", "lost for", "streams broken", "highest P99 after", "most nodes"],
      rows: regions.map((region) => [
        region.name,
        region.zoneLoss?.lost,
        timeText(lossSeconds(region)),
        count(region.load.streams / policy.zones),
        msText(Math.max(...(region.zoneLoss?.samples ?? []).slice(5).map(({ p99Ms }) => p99Ms))),
        Math.max(...(region.zoneLoss?.samples ?? []).map(({ nodes }) => nodes)),
      ]),
    },
  };
}

function regionLossPart({ regionLosses }: CapacityPlan): Part {
  return {
    title: "When a region is lost",
    note: "Its calls are lost until DNS sends clients elsewhere. Nodes keep no state, so nothing but streams in flight is lost for good.",
    table: {
      head: ["region", "clients move after", "no loss after (RTO)", "calls lost", "streams broken"],
      rows: regionLosses.map((loss) => [
        loss.lost,
        timeText(loss.detectedAfterSeconds),
        lasting(loss.recoveredAfterSeconds),
        loss.lostCalls,
        loss.brokenStreams,
      ]),
    },
  };
}

function pricePart({ price, instance, policy }: CapacityPlan): Part {
  return {
    title: "A month of 730 hours at this load",
    note: "Without what leaves to the internet, logs, DNS and what Redis or Prometheus run on.",
    table: {
      head: ["", "US dollars"],
      rows: [
        [`nodes, ${policy.node.instance} at $${instance.usdPerHour} an hour`, usd(price.nodes)],
        ["balancers", usd(price.balancers)],
        ["traffic through the balancers", usd(price.traffic)],
        ["all", usd(price.total)],
      ],
    },
  };
}

function restsOn({ costs, policy, node, seed }: CapacityPlan): string[] {
  const { machine, measured, requestMicros, tokenMicros, contentionPercentage, contentionCores } = costs;
  return [
    `CPU of a request ${requestMicros} µs and of a token ${tokenMicros} µs, measured on ${measured} on ${machine}.`,
    `Contention: ${contentionPercentage} % more for each further event loop, measured with ${contentionCores} and extrapolated linearly to ${node.cores}.`,
    "P99: each event loop is a queue M/M/1 of its own; network, TLS and what a profile or an upstream takes are not in it.",
    "Calls are counted each second, as a fluid; arrivals are a Poisson process, and provisioning times are uniform.",
    `Random seed ${seed}: the same seed gives the same plan.`,
    ...Object.entries(policy.sources).map(([name, source]) => `${name}: ${source}.`),
  ];
}

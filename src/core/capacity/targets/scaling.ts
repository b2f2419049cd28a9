import { contentionFactor, nodeModel, tokensPerSecond } from "../node.ts";
import { percent } from "../plan.ts";
import { count } from "../report/figures.ts";
import type { Part } from "../report/formats.ts";
import { linesPlot } from "../report/plots.ts";
import { comparedHead, given, type Compared } from "./given.ts";

/** N nodes do N times what one does. */
export function linearLaw({ ours, theirs }: Compared): Part {
  const nodes = [1, 2, 10, 20, 30];
  const rows = nodes.map((each) => [
    `${each} node${each === 1 ? "" : "s"} of 8 cores, requests/s`,
    count(each * given.plannedRps),
    count(each * theirs.maxRps),
    count(each * ours.maxRps),
    "yes",
  ]);
  return {
    title: "More nodes: N × 10,200",
    note: "Nodes share nothing on the way of a call, so both are N times one node, as long as the balancer and the network hold; limits that nodes share through Redis are a service of their own. `npm run bench -- nodes` measures 1, 2 and 4 nodes on one machine. The targets call 10,200 of 12,000 both 85 % and 100 % efficiency; it is 85 %.",
    table: { head: comparedHead, rows },
    plots: [
      linesPlot("Requests/s over nodes", { x: "nodes", y: "requests/s" }, [
        { name: "their node", points: nodes.map((each) => ({ x: each, y: each * theirs.maxRps })) },
        { name: "ours", points: nodes.map((each) => ({ x: each, y: each * ours.maxRps })) },
      ]),
    ],
  };
}

/** What more cores give one node. */
export function coreCurve({ costs, policy }: Compared): Part {
  const { usablePercentage } = policy.node;
  const full = (cores: number): number => nodeModel(cores, 100, costs).maxRps;
  const rows = given.curve.map(({ cores, rps }) => [
    `${cores} cores, requests/s`,
    count(rps),
    `${percent(rps / ((given.nodeRps / given.cores) * cores))} of linear`,
    `${count(full(cores))} (${percent(1 / contentionFactor(cores, costs))} of linear)`,
    full(cores) >= rps ? "yes" : "no",
  ]);
  const cores = [1, 2, 4, 8, 12, 16, 20, 24, 28, 32];
  const each = 100 / costs.contentionPercentage;
  return {
    title: "More cores: 12K at 8, 20K at 16, 24K at 32",
    note: [
      `With all CPU; a plan takes ${usablePercentage} % of it.`,
      `A request costs ${costs.contentionPercentage} % more for each further event loop, measured with ${costs.contentionCores}; beyond ${costs.contentionCores} cores the curve is extrapolated, and memory bandwidth, sockets of several NUMA nodes and the network card are not in it.`,
      costs.contentionPercentage > 0
        ? `By this law a node never does more than ${count(each)} cores would without contention.`
        : "",
      "The targets say 90 % efficiency from 8 to 16 cores; 20,000 of 24,000 is 83 %.",
      "A core of a c6i instance is a hardware thread, as those that we measured on are; how much two of them share is not in it.",
    ]
      .filter((sentence) => sentence !== "")
      .join(" "),
    table: { head: comparedHead, rows },
    plots: [
      linesPlot("Requests/s of one node over cores", { x: "cores", y: "requests/s" }, [
        {
          name: "the targets",
          points: [{ x: 0, y: 0 }, ...given.curve.map(({ cores, rps }) => ({ x: cores, y: rps }))],
        },
        { name: "our figures", points: [{ x: 0, y: 0 }, ...cores.map((each) => ({ x: each, y: full(each) }))] },
      ]),
    ],
  };
}

/** What a million open streams would take. */
export function manyStreams({ costs, ours }: Compared): Part {
  const load = { rps: 0, streams: 1_000_000, itlMs: 15 };
  const tokens = tokensPerSecond(load);
  const cores = (tokens * costs.tokenMicros) / 1e6;
  const perNode = (ours.usableCores * 1e6 * load.itlMs) / 1000 / costs.tokenMicros;
  return {
    title: "Streams",
    note: "The targets count 10,000 connections with 100 streams each as capacity of one node. Connections are memory; streams that send tokens are CPU.",
    table: {
      head: comparedHead,
      rows: [
        ["1,000,000 streams of 15 ms, tokens/s", "", count(tokens), count(tokens), ""],
        ["CPU that they take", "one node of 8 cores", "not said", `${count(cores)} cores`, "no"],
        ["streams of 15 ms on a node of 8 cores", "1,000,000", "not said", count(perNode), "no"],
        ["nodes of 8 cores for 1,000,000 streams", "1", "not said", count(Math.ceil(cores / ours.usableCores)), "no"],
      ],
    },
  };
}

import { p99Ms, type NodeModel } from "../node.ts";
import { percent } from "../plan.ts";
import { count, entryRows, msText } from "../report/figures.ts";
import type { Part } from "../report/formats.ts";
import { runPlots } from "../report/plots.ts";
import { timeText } from "../scaler.ts";
import { simulate, type Run } from "../simulate.ts";
import type { Policy, TrafficPoint } from "../types.ts";
import { comparedHead, type Compared } from "./given.ts";

const baseRps = 50_000;
const peakRps = 75_000;
const minutesOf = (hours: number, minutes: number): number => hours * 60 + minutes;

/** The day of the targets: the rise takes three minutes, the fall as long. */
function dayOf(peak: number): TrafficPoint[] {
  const low = (baseRps / peak) * 100;
  return [
    { atMinutes: 0, percentage: low },
    { atMinutes: minutesOf(5, 0), percentage: low },
    { atMinutes: minutesOf(5, 3), percentage: 100 },
    { atMinutes: minutesOf(12, 0), percentage: 100 },
    { atMinutes: minutesOf(12, 3), percentage: low },
  ];
}

const daySeconds = minutesOf(14, 0) * 60;

type Day = { readonly policy: Policy; readonly node: NodeModel; readonly seed: number; readonly startNodes: number };

function runDay(peak: number, { policy, node, seed, startNodes }: Day): Run {
  const load = { rps: peak, streams: 0, itlMs: 15 };
  return simulate({ load, traffic: dayOf(peak), seconds: daySeconds, policy, node, seed, startNodes });
}

/** The targets' own timeline against their own policy. */
export function timelineParts({ policy, theirs, ours, seed }: Compared): Part[] {
  const day = { policy, node: theirs, seed, startNodes: 10 };
  const crossing = 80_000;
  const eager = withThreshold(policy, 70, 60);
  const minimum = { policy, node: ours, seed, startNodes: policy.nodes.min };
  const sameUtilisation = (crossing * ours.maxRps) / theirs.maxRps;
  return [
    timelineTable({ policy, theirs, ours, seed }),
    played("The policy as written, 75K at the peak", runDay(peakRps, day), [
      "75,000 of 102,000 requests/s are 73.5 % CPU: no trigger is reached.",
    ]),
    played("The policy as written, 80K at the peak", runDay(crossing, day), [
      "A peak that does cross the threshold. P99 has been above 15 ms for two minutes before CPU has been above 75 % for five.",
    ]),
    played("CPU > 70 % for 1 min, 75K at the peak", runDay(peakRps, { ...day, policy: eager }), [
      "The policy that the timeline of the targets follows, rather than the one they state.",
    ]),
    played(`Our nodes, 75K at the peak`, runDay(peakRps, minimum), [
      `The minimum of ${policy.nodes.min} nodes serves it.`,
    ]),
    played(`Our nodes, ${count(sameUtilisation)} requests/s at the peak`, ourDay(sameUtilisation, day, ours), [
      "As much traffic as brings 10 of our nodes to the same CPU. P99 stays far below 15 ms, so CPU alone triggers, later than P99 did above.",
    ]),
  ];
}

function ourDay(peak: number, day: Day, node: NodeModel): Run {
  const low = (baseRps / 80_000) * 100;
  const traffic = dayOf(80_000).map(({ atMinutes, percentage }) => ({
    atMinutes,
    percentage: percentage === 100 ? 100 : low,
  }));
  return simulate({ ...day, node, load: { rps: peak, streams: 0, itlMs: 15 }, traffic, seconds: daySeconds });
}

function withThreshold(policy: Policy, limit: number, forSeconds: number): Policy {
  const up = { ...policy.scaling.up, cpuPercentage: { limit, forSeconds } };
  return { ...policy, scaling: { ...policy.scaling, up } };
}

function played(title: string, run: Run, [note]: readonly [string]): Part {
  const rows = entryRows(run.entries);
  const none = [["", "no node is added or removed"]];
  const lost = `${count(run.arrived)} calls, ${count(run.lost)} lost.`;
  return {
    title,
    note: `${note} ${lost}`,
    table: { head: ["at (h:mm:ss)", "what happens"], rows: rows.length > 0 ? rows : none },
    plots: runPlots(title, run),
  };
}

function timelineTable({ policy, theirs, ours }: Omit<Compared, "costs">): Part {
  const { up, down, cooldownSeconds } = policy.scaling;
  const cpu = (rps: number, nodes: number, node: NodeModel): number => rps / (nodes * node.maxRps);
  const cpuOf = (rps: number, nodes: number): string[] => [theirs, ours].map((node) => percent(cpu(rps, nodes, node)));
  const p99Of = (rps: number, nodes: number): string[] =>
    [theirs, ours].map((node) => msText(p99Ms(cpu(rps, nodes, node), node)));
  const p99At = (utilisation: number): string[] => [theirs, ours].map((node) => msText(p99Ms(utilisation, node)));
  const windows = `${timeText(up.cpuPercentage.forSeconds)} by CPU, ${timeText(up.p99Ms.forSeconds)} by P99`;
  return {
    title: "The timeline: 10 → 15 → 10 nodes, 50K → 75K",
    note: "With 0.78 ms of usable CPU a request, M/M/1 gives a P99 of 7.2 ms at 50 % CPU and of 15 ms at 76 %: so the two thresholds for P99 fit the two for CPU. The days below play the policy.",
    table: {
      head: comparedHead,
      rows: [
        ["CPU at 50K on 10 nodes", "50 %", ...cpuOf(baseRps, 10), "yes"],
        ["CPU at 75K on 10 nodes", "75 %, triggers", ...cpuOf(peakRps, 10), "no: not above 75 %, which takes 76.5K"],
        ["P99 at 75K on 10 nodes", "rises", ...p99Of(peakRps, 10), "no trigger: not above 15 ms"],
        ["P99 at 85 % CPU, the top of the target utilisation", "good", ...p99At(0.85), "no: above 15 ms it adds nodes"],
        ["from the rise to the trigger", "3 min", windows, windows, "no: CPU > 75 % for 5 min is not there after 3"],
        ["from the trigger to new nodes", "2 to 3 min", ...bothSay(startText(policy)), "yes"],
        ["CPU at 75K on 15 nodes", "50 %", ...cpuOf(peakRps, 15), "yes"],
        ["CPU at 50K on 15 nodes", "40 %", ...cpuOf(baseRps, 15), "yes: below 40 %"],
        [
          "from the fall to the trigger",
          "11 min",
          ...bothSay(timeText(down.cpuPercentage.forSeconds)),
          "yes, from the end of the fall on",
        ],
        ["between two changes", "5 min", ...bothSay(timeText(cooldownSeconds)), "yes"],
      ],
    },
  };
}

function bothSay(text: string): [string, string] {
  return [text, text];
}

function startText({ provisioning, health }: Policy): string {
  const { minSeconds, maxSeconds } = provisioning;
  return `${minSeconds} to ${maxSeconds} s, and ${health.intervalSeconds * health.healthyChecks} s of health checks`;
}

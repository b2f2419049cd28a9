import type { Plot, Series } from "../../plot/plot.ts";
import { linearAxis, timeAxis } from "../../plot/scale.ts";
import type { Run, Sample } from "../simulate.ts";
import { count } from "./figures.ts";

type Figure = { readonly name: string; readonly label: string; of(sample: Sample): number };

const figures: readonly Figure[] = [
  { name: "requests a second", label: "requests/s", of: ({ rps }) => rps },
  { name: "nodes in service", label: "nodes", of: ({ nodes }) => nodes },
  { name: "CPU", label: "% of the usable CPU", of: ({ cpuPercentage }) => cpuPercentage },
  { name: "P99", label: "ms", of: ({ p99Ms }) => p99Ms },
];

/** Traffic, nodes, CPU and P99 over time. */
export function runPlots(title: string, { samples }: Run): Plot[] {
  return figures.map((figure) => overTime(`${title}: ${figure.name}`, samples, figure));
}

function overTime(title: string, samples: readonly Sample[], { label, of }: Figure): Plot {
  const points = samples.map((sample) => ({ x: sample.atSeconds, y: of(sample) }));
  const most = points.reduce((max, { y }) => Math.max(max, y), 0);
  const least = points.reduce((min, { y }) => Math.min(min, y), most);
  const series: Series[] = [{ name: label, look: "one", join: "step", runs: [points] }];
  return {
    title,
    description: `from ${count(least)} to ${count(most)}`,
    x: timeAxis("time", samples.at(-1)?.atSeconds ?? 1),
    y: linearAxis(label, most),
    series,
  };
}

/** Lines over one axis, such as requests a second over cores. */
export function linesPlot(
  title: string,
  labels: { readonly x: string; readonly y: string },
  lines: readonly { readonly name: string; readonly points: readonly { readonly x: number; readonly y: number }[] }[],
): Plot {
  const looks = ["one", "two", "three", "four"] as const;
  const all = lines.flatMap(({ points }) => points);
  return {
    title,
    description: lines.map(({ name, points }) => `${name}: ${points.map(({ y }) => count(y)).join(", ")}`).join("; "),
    x: linearAxis(labels.x, Math.max(...all.map(({ x }) => x))),
    y: linearAxis(labels.y, Math.max(...all.map(({ y }) => y))),
    series: lines.map(({ name, points }, index) => ({
      name,
      look: looks[index % looks.length] ?? "one",
      join: "straight",
      runs: [points],
    })),
  };
}

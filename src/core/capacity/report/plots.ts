import type { Plot, Series } from "../../plot/plot.ts";
import { linearAxis, timeAxis } from "../../plot/scale.ts";
import type { Run, Sample } from "../simulate.ts";
import { count } from "./figures.ts";

/** Traffic, nodes, CPU and P99 over time. */
export function runPlots(title: string, { samples }: Run): Plot[] {
  return [
    overTime(`${title}: requests a second`, "requests/s", samples, ({ rps }) => rps),
    overTime(`${title}: nodes in service`, "nodes", samples, ({ nodes }) => nodes),
    overTime(`${title}: CPU`, "% of the usable CPU", samples, ({ cpuPercentage }) => cpuPercentage),
    overTime(`${title}: P99`, "ms", samples, ({ p99Ms }) => p99Ms),
  ];
}

function overTime(title: string, label: string, samples: readonly Sample[], of: (sample: Sample) => number): Plot {
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

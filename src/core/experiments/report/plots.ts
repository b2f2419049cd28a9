import { linearAxis, logAxis, timeAxis } from "../../plot/scale.ts";
import type { Plot, PlotPoint, Series } from "../../plot/plot.ts";
import { limitText, rounded } from "../guardrails.ts";
import type { Report, TimelinePoint } from "./report.ts";
import { partNames } from "./tables.ts";

/** What happened over time, with the stages and what ended it drawn in. */
export function timelinePlots(report: Report): readonly Plot[] {
  const { timeline } = report;
  const perSecond = (count: (point: TimelinePoint) => number) => (point: TimelinePoint) => count(point) / point.seconds;
  const traffic = plotOf(report, {
    title: "Calls per second",
    description:
      "Calls in scope that ended, those on which a fault took effect, those that clients saw fail and those that failed without a fault.",
    series: [
      over(
        report,
        { name: "offered", look: "one" },
        perSecond(({ calls }) => calls),
      ),
      over(
        report,
        { name: "injected", look: "two" },
        perSecond(({ injected }) => injected),
      ),
      over(
        report,
        { name: "failed or given up, as clients saw it", look: "three" },
        perSecond(({ failed, left }) => failed + left),
      ),
      over(
        report,
        { name: "real errors, without a fault", look: "four" },
        perSecond(({ realFailed }) => realFailed),
      ),
    ],
  });
  return timeline.some(({ ttftMs }) => ttftMs !== undefined) ? [traffic, firstTokens(report)] : [traffic];
}

/** The mean time to the first token over time. */
function firstTokens(report: Report): Plot {
  return plotOf(report, {
    title: "Mean time to first token, ms",
    description: "Mean time to the first token of all calls, as clients saw it, and of those without a fault.",
    series: [
      over(report, { name: "all calls", look: "three" }, ({ ttftMs }) => ttftMs),
      over(report, { name: "without a fault", look: "four" }, ({ realTtftMs }) => realTtftMs),
    ],
  });
}

/** The value of each guardrail over time, with what it halts above; those that never had calls enough have none. */
export function guardrailPlots(report: Report): readonly Plot[] {
  return report.definition.guardrails.flatMap((guardrail, index) => {
    const { metric, above, below = 0, overMs } = guardrail;
    const line = over(report, { name: metric, look: "one" }, ({ guardrails }) => guardrails[index]);
    if (line.runs.length === 0) return [];
    const title = `Guardrail: ${metric} over ${overMs / 1000} s`;
    const description = `The value that the guardrail watches, over calls without a fault; it halts the experiment ${limitText(guardrail)}.`;
    const limits = [{ y: above ?? below, label: `halts ${limitText(guardrail)}` }];
    return [plotOf(report, { title, description, series: [line], limits })];
  });
}

type Shown = Pick<Plot, "title" | "description" | "series" | "limits">;

function plotOf(report: Report, { limits = [], ...shown }: Shown): Plot {
  const values = shown.series.flatMap(({ runs }) => runs.flat().map(({ y }) => y));
  const max = [...values, ...limits.map(({ y }) => y * 1.15)].reduce((most, value) => Math.max(most, value), 0);
  return {
    ...shown,
    x: timeAxis("time since the start, min:s", report.lastSecond),
    y: linearAxis("", max, { count: 4 }),
    bands: bandsOf(report),
    limits,
    marks: marksOf(report),
  };
}

function bandsOf({ stages, definition, lastSecond }: Report): NonNullable<Plot["bands"]> {
  const bands = stages.map(({ name, fromSecond, toSecond }, index) => {
    return { from: fromSecond, to: toSecond, label: `${index + 1} ${name}`, shortLabel: String(index + 1) };
  });
  if (definition.baselineMs === 0) return bands;
  return [{ from: 0, to: stages[0]?.fromSecond ?? lastSecond, label: "baseline", shortLabel: "0" }, ...bands];
}

function marksOf({ state, stoppedBy, broken, lastSecond }: Report): NonNullable<Plot["marks"]> {
  if (broken !== undefined)
    return [{ x: lastSecond, label: `${state}: ${broken.metric} ${rounded(broken.value)}, ${limitText(broken)}` }];
  return state === "stopped" ? [{ x: lastSecond, label: `stopped by ${stoppedBy ?? "nobody known"}` }] : [];
}

type Named = Pick<Series, "name" | "look">;

/** A line over time. Seconds without calls, in which a mean has no value, are gaps; a count is 0 in them. */
function over({ timeline }: Report, named: Named, valueOf: (point: TimelinePoint) => number | undefined): Series {
  const runs: PlotPoint[][] = [];
  let nextSecond = -1;
  for (const point of timeline) {
    const y = valueOf(point);
    if (y === undefined) continue;
    if (point.second !== nextSecond) runs.push([]);
    nextSecond = point.second + point.seconds;
    runs.at(-1)?.push({ x: point.second + point.seconds / 2, y });
  }
  return { ...named, join: "straight", runs };
}

/** How many percent of the calls had their first token after so long, by phase; undefined where no call had one. */
export function ttftPlot({ ttft }: Report): Plot | undefined {
  const parts = [
    { part: "before", look: "one" },
    { part: "during", look: "three" },
    { part: "duringUntouched", look: "four" },
    { part: "after", look: "two" },
  ] as const;
  const series = parts.flatMap(({ part, look }): Series[] => {
    const points = ttft[part].map(({ ms, percent }) => ({ x: Math.max(ms, leastMs), y: percent }));
    const first = points[0];
    if (first === undefined) return [];
    return [{ name: partNames[part], look, join: "step", runs: [[{ x: first.x, y: 0 }, ...points]] }];
  });
  if (series.length === 0) return undefined;
  return {
    title: "Time to first token: percent of calls that had it by then",
    description: "Cumulative distribution of the time to the first token, before, during and after the faults.",
    x: logAxis(
      "time to first token, ms (logarithmic)",
      series.flatMap(({ runs }) => runs.flat().map(({ x }) => x)),
    ),
    y: { ...linearAxis("", 100, { count: 4 }), text: (value) => `${value} %` },
    series,
  };
}

/** No logarithmic axis has a 0. */
const leastMs = 0.1;

import type { Look, Plot, PlotPoint, Series } from "../../plot/plot.ts";
import { linearAxis, logAxis, type Axis } from "../../plot/scale.ts";
import type { Measure } from "../observed.ts";
import type { Comparison, GateResult, Limits } from "../types.ts";
import type { StratumVerdict } from "../verdict.ts";
import { measureNames, rounded } from "./tables.ts";

/** No logarithmic axis has a 0. */
const leastValue = 0.1;

/** Both cumulative distributions, and where the real one lies with 90 %. */
export function cdfPlot(measure: Measure, { quantiles }: Comparison): Plot {
  const at = (value: number, share: number): PlotPoint => ({ x: Math.max(leastValue, value), y: share * 100 });
  const low = quantiles.map(({ band, quantile }) => at(band.low, quantile));
  const high = quantiles.map(({ band, quantile }) => at(band.high, quantile));
  const real = quantiles.map(({ reference, quantile }) => at(reference, quantile));
  const other = quantiles.map(({ candidate, quantile }) => at(candidate, quantile));
  return {
    title: `${measureNames[measure]}: cumulative distribution (CDF)`,
    description: "Cumulative distributions of both sides; the shaded band is where the real one lies with 90 %.",
    x: logAxis(`${measureNames[measure]} (logarithmic)`, xsOf([...low, ...high, ...real, ...other]), plain),
    y: { ...linearAxis("", 100, { count: 4 }), text: (value) => `${value} %` },
    areas: [{ look: "one", outline: [...low, ...high.toReversed()] }],
    series: [line("real", "one", real), line("other", "two", other)],
  };
}

/** The ratio of both sides at each quantile with its interval, and that of the real side to itself. */
export function ratioPlot(measure: Measure, { quantiles, gates }: Comparison): Plot {
  const known = quantiles.filter(({ ratio }) => ratio !== null);
  const y = ratioAxis(ratiosIn(known, gates));
  const at = (share: number, value: number | null): PlotPoint => ({ x: share * 100, y: value ?? y.to });
  const low = known.map(({ quantile, noise }) => at(quantile, noise.low));
  const high = known.map(({ quantile, noise }) => at(quantile, noise.high));
  const ratios = known.map(({ quantile, ratio }) => at(quantile, ratio));
  const intervals = known.map(({ quantile, interval }) => [at(quantile, interval.low), at(quantile, interval.high)]);
  return {
    title: `${measureNames[measure]}: other / real at each quantile`,
    description:
      "Ratios of quantiles with their 90 % intervals; the shaded band is the ratio of the real side to itself.",
    x: { ...linearAxis("quantile", 100, { count: 10 }), text: (value) => `p${value}` },
    y,
    areas: [{ look: "one", outline: [...low, ...high.toReversed()] }],
    series: [
      line("ratio", "two", ratios),
      { name: "90 % interval", look: "three", join: "straight", runs: intervals },
      { name: "tolerated at the gates", look: "four", join: "straight", runs: gates.flatMap(boundsOf) },
    ],
    limits: [{ y: 1, label: "" }],
  };
}

/** All that has to have room on the axis. */
function ratiosIn(quantiles: Comparison["quantiles"], gates: Comparison["gates"]): readonly number[] {
  const shown = quantiles.flatMap(({ ratio, interval, noise }) => [ratio, ...[interval, noise].flatMap(endsOf)]);
  const tolerated = gates.flatMap(({ tolerance }) => [1 - tolerance, 1 + tolerance]);
  return [...shown.filter((value) => value !== null), ...tolerated];
}

function endsOf({ low, high }: Limits): readonly (number | null)[] {
  return [low, high];
}

/** A short line at both ends of what is tolerated. */
function boundsOf({ quantile, tolerance }: GateResult): readonly PlotPoint[][] {
  const sides = [-2, 2].map((aside) => quantile * 100 + aside);
  return [1 - tolerance, 1 + tolerance].map((y) => sides.map((x) => ({ x, y })));
}

/** Quantiles of one side over those of the other; equal ones lie on the line. */
export function qqPlot(measure: Measure, { quantiles }: Comparison): Plot {
  const points = quantiles.map(({ reference, candidate }) => ({
    x: Math.max(leastValue, reference),
    y: Math.max(leastValue, candidate),
  }));
  const axis = logAxis(
    "",
    points.flatMap(({ x, y }) => [x, y]),
    plain,
  );
  return {
    title: `${measureNames[measure]}: quantiles of the other side over those of the real one`,
    description: "Q-Q plot, both axes logarithmic; where both sides are equal, the points lie on the line.",
    x: { ...axis, label: `real, ${measureNames[measure]} (logarithmic)` },
    y: axis,
    series: [
      line("equal", "four", [
        { x: axis.from, y: axis.from },
        { x: axis.to, y: axis.to },
      ]),
      line("other", "two", points),
    ],
  };
}

/** The gaps between tokens by their position in the stream; undefined where there are none. */
export function gapPlot({ gaps }: StratumVerdict): Plot | undefined {
  const lines = [
    { name: "real p50", look: "one", side: "reference", share: "p50" },
    { name: "other p50", look: "two", side: "candidate", share: "p50" },
    { name: "real p95", look: "three", side: "reference", share: "p95" },
    { name: "other p95", look: "four", side: "candidate", share: "p95" },
  ] as const;
  const series = lines.map(({ name, look, side, share }) => {
    const points = gaps.flatMap(({ from, below, [side]: { [share]: y } }) => {
      return y === null ? [] : [{ x: Math.sqrt(from * (below - 1)), y }];
    });
    return line(name, look, points);
  });
  const points = series.flatMap(({ runs }) => runs.flat());
  if (points.length === 0) return undefined;
  const positions = gaps.flatMap(({ from, below }) => [from, below - 1]);
  return {
    title: "Gaps over the position in the stream, ms",
    description: "p50 and p95 of the gaps between tokens of both sides, by the number of the gap in its stream.",
    x: logAxis("number of the gap in the stream (logarithmic)", positions, plain),
    y: linearAxis("", Math.max(...points.map(({ y }) => y)), { count: 4 }),
    series,
  };
}

function line(name: string, look: Look, points: readonly PlotPoint[]): Series {
  return { name, look, join: "straight", runs: [points] };
}

function xsOf(points: readonly PlotPoint[]): number[] {
  return points.map(({ x }) => x);
}

/** Around 1, in round steps; what is far beyond lies at its ends. */
function ratioAxis(values: readonly number[]): Axis {
  const beyond = Math.min(2, Math.max(0.1, ...values.map((value) => Math.abs(value - 1))));
  const step = [0.05, 0.1, 0.2, 0.25, 0.5, 1].find((each) => beyond / each <= 4) ?? 1;
  const steps = Math.ceil(beyond / step - 1e-9);
  const ticks = Array.from({ length: 2 * steps + 1 }, (_, index) => Number((1 + (index - steps) * step).toFixed(4)));
  const shown = ticks.filter((tick) => tick >= 0);
  return { label: "", from: shown[0] ?? 0, to: ticks.at(-1) ?? 2, kind: "linear", ticks: shown, text: String };
}

function plain(value: number): string {
  return Number(rounded(value)).toLocaleString("en-US");
}

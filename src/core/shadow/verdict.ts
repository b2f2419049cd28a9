import { createRng } from "../rng.ts";
import { quantileOf } from "../statistics/quantile.ts";
import { samplesOf, type Samples } from "../statistics/samples.ts";
import { compare, overall } from "./compare.ts";
import type { Gate } from "./gates.ts";
import { roundedUp } from "./needed.ts";
import { measures, type Measure, type Observed, type Sides } from "./observed.ts";
import { callsIn, strataOf, type Range, type Stratum } from "./strata.ts";
import type { Comparison, Result } from "./types.ts";

/** What a verdict is made with. */
export type VerdictOptions = {
  readonly gates: readonly Gate[];
  /** The same seed and the same calls give the same verdict. */
  readonly seed?: number;
  /** What is compared; all where it is absent. */
  readonly measures?: readonly Measure[] | undefined;
};

/** Whether one side is like the other, for all calls that are like each other. Plain data. */
export type Verdict = {
  readonly result: Result;
  /** How many more calls, spread over the strata as these, would probably settle those that are open. */
  readonly moreCalls?: number;
  readonly isPaired: boolean;
  readonly gates: readonly Gate[];
  readonly period?: Sides["period"];
  readonly calls: { readonly compared: number; readonly leftOut: Sides["leftOut"] };
  /** The most calls first. */
  readonly strata: readonly StratumVerdict[];
  /** Strata with so few calls that they are not compared, where there are too many of them. */
  readonly others: { readonly strata: number; readonly calls: number };
};

/** The verdict on calls that are like each other. */
export type StratumVerdict = {
  readonly model: string;
  readonly stream: boolean;
  readonly promptTokens: Range;
  readonly inFlight: Range;
  readonly sources: Stratum["sources"];
  readonly calls: number;
  /** Has enough of all calls for the verdict as a whole to depend on it. */
  readonly decides: boolean;
  readonly result: Result;
  readonly moreCalls?: number;
  readonly measures: { readonly [measure in Measure]?: Comparison };
  readonly gaps: readonly GapsAt[];
};

/** The gaps between tokens at one part of the stream; positions count from the gap after the first token, which is 1. */
export type GapsAt = {
  readonly from: number;
  readonly below: number;
  readonly reference: GapQuantiles;
  readonly candidate: GapQuantiles;
};

type GapQuantiles = { readonly n: number; readonly p50: number | null; readonly p95: number | null };

/** Of all sides that are equal, so many may be said to differ. */
const falseAlarms = 0.05;
/** Of all compared calls, what a stratum needs for the whole verdict to depend on it. */
const decidingShare = 0.05;
const maxStrata = 40;
/** Below it a difference counts as none: no clock of a client sees it, and no token is half. */
const least: { readonly [measure in Measure]: number } = {
  ttftMs: 0.25,
  gapMs: 0.25,
  totalMs: 0.25,
  outputTokens: 0.5,
};

/** Holds both sides of calls against each other, stratum by stratum. */
export function verdictOf(sides: Sides, { gates, seed = 1, measures: wanted = measures }: VerdictOptions): Verdict {
  const strata = strataOf(sides);
  const [shown, others] = [strata.slice(0, maxStrata), strata.slice(maxStrata)];
  const compared = strata.reduce((sum, stratum) => sum + callsIn(stratum), 0);
  const decides = (stratum: Stratum): boolean => callsIn(stratum) >= decidingShare * compared && callsIn(stratum) > 0;
  const all = shown.map((stratum) => ({ stratum, decides: decides(stratum), found: valuesOf(stratum, wanted) }));
  const comparisons = all.reduce((sum, each) => sum + (each.decides ? each.found.length : 0), 0);
  const context = { gates, seed, isPaired: sides.isPaired, falseAlarms: falseAlarms / Math.max(1, comparisons) };
  const judged = all.map((each) => judgeStratum(each, context));
  const deciding = judged.filter((each) => each.decides);
  const result = overall(deciding);
  return {
    result,
    ...moreOf(
      result,
      deciding.map((each) => ofAll(each, compared)),
    ),
    isPaired: sides.isPaired,
    gates,
    ...(sides.period === undefined ? {} : { period: sides.period }),
    calls: { compared, leftOut: sides.leftOut },
    strata: judged,
    others: { strata: others.length, calls: others.reduce((sum, stratum) => sum + callsIn(stratum), 0) },
  };
}

type Values = { readonly measure: Measure; readonly reference: Samples; readonly candidate: Samples };
type Context = Required<Pick<VerdictOptions, "gates" | "seed">> & {
  readonly isPaired: boolean;
  readonly falseAlarms: number;
};
type Judged = { readonly stratum: Stratum; readonly decides: boolean; readonly found: readonly Values[] };

function judgeStratum({ stratum, decides, found }: Judged, context: Context): StratumVerdict {
  const { gates, isPaired, falseAlarms, seed } = context;
  const results = found.map(({ measure, reference, candidate }) => {
    const rng = createRng(seed);
    const options = { gates, rng, paired: isPaired, falseAlarms, least: least[measure] };
    return [measure, compare(reference, candidate, options)] as const;
  });
  const { model, stream, promptTokens, inFlight, sources } = stratum;
  const result = overall(results.map(([, comparison]) => comparison));
  return {
    model,
    stream,
    promptTokens,
    inFlight,
    sources,
    calls: callsIn(stratum),
    decides,
    result,
    ...moreOf(
      result,
      results.map(([, comparison]) => comparison),
    ),
    measures: Object.fromEntries(results),
    gaps: gapsByPosition(stratum),
  };
}

/** What a stratum needs comes with all other calls. */
function ofAll({ result, moreCalls, calls }: StratumVerdict, compared: number) {
  return { result, ...(moreCalls === undefined ? {} : { moreCalls: roundedUp((moreCalls * compared) / calls) }) };
}

/** The largest of them: whoever gathers more calls gathers them for all. */
function moreOf(
  result: Result,
  open: readonly { readonly result: Result; readonly moreCalls?: number }[],
): { readonly moreCalls?: number } {
  const wanted = open.filter((each) => each.result === "not enough data");
  if (result !== "not enough data" || wanted.length === 0) return {};
  const counts = wanted.flatMap(({ moreCalls }) => moreCalls ?? []);
  return counts.length < wanted.length ? {} : { moreCalls: Math.max(...counts) };
}

/** The values of each measure that a side has; what is 0 everywhere is no measure of these calls. */
function valuesOf({ reference, candidate }: Stratum, wanted: readonly Measure[]): Values[] {
  return wanted.flatMap((measure) => {
    const found = { measure, reference: sampled(reference, measure), candidate: sampled(candidate, measure) };
    const highest = Math.max(found.reference.values.at(-1) ?? 0, found.candidate.values.at(-1) ?? 0);
    return highest === 0 ? [] : [found];
  });
}

/** Each call is a cluster: its gaps depend on each other. */
function sampled(side: readonly Observed[], measure: Measure): Samples {
  return samplesOf(side.map(({ timing }) => timed(timing, measure)));
}

function timed(timing: Observed["timing"], measure: Measure): readonly number[] {
  if (measure === "gapMs") return timing.gapsMs;
  const value = timing[measure];
  return value === undefined ? [] : [value];
}

function gapsByPosition({ reference, candidate }: Stratum): GapsAt[] {
  const parts: GapsAt[] = [];
  for (let from = 1; from <= 512; from *= 2) {
    const [here, there] = [gapsFrom(reference, from), gapsFrom(candidate, from)];
    if (here.n + there.n > 0) parts.push({ from, below: from * 2, reference: here, candidate: there });
  }
  return parts;
}

/** Of the positions from one up to below its double. */
function gapsFrom(side: readonly Observed[], from: number): GapQuantiles {
  const sorted = Float64Array.from(side.flatMap(({ timing }) => timing.gapsMs.slice(from - 1, from * 2 - 1))).sort();
  const at = (share: number): number | null => (sorted.length === 0 ? null : quantileOf(sorted, share));
  return { n: sorted.length, p50: at(0.5), p95: at(0.95) };
}

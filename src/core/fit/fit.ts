import type { PromptCache } from "../simulator/prompt-cache.ts";
import type { Distribution, FitError, FitNote, LoadRow, Profile } from "../simulator/types.ts";
import { fitDistribution } from "./choose.ts";
import { failuresOf } from "./failures.ts";
import { promptCacheOf } from "./prompt-cache.ts";
import { gapsSeen, shapeOf, type GapsSeen } from "./gaps.ts";
import { rounded } from "./sample.ts";
import { loadStrata, promptStrata } from "./strata.ts";
import type { Observation } from "./types.ts";

/** What is said about a profile that is fitted, and how much it must rest on. */
export type FitOptions = {
  readonly name: string;
  readonly description: string;
  readonly models: readonly string[];
  readonly source: string;
  /** Day of the fit, as `2026-11-27`. */
  readonly date: string;
  /** Calls below which nothing is said; at least 6. */
  readonly minCalls: number;
  /** What stands for a measure that the source does not have, such as the lengths of a file without tokens. */
  readonly base: Pick<Profile, "ttftMs" | "itlMs" | "outputTokens"> & { readonly name: string };
};

/** A fitted profile and what a reader should know of it, or why there is none. */
export type Fit =
  | { readonly ok: true; readonly profile: Profile; readonly notes: readonly string[] }
  | { readonly ok: false; readonly reasons: readonly string[] };

/** Calls below which a quantile is off by more than a fifth in one of twenty samples (lognormal, sigma 0.5). */
export const callsFor = { p50: 100, p95: 200, p99: 1000 } as const;

/**
 * A latency profile from measured calls.
 *
 * @returns with a reason where TTFT, ITL and output lengths all have too few calls, or one of them has some and too few
 */
export function fitProfile(observations: readonly Observation[], options: FitOptions): Fit {
  const well = observations.filter(({ failure }) => failure === undefined);
  const gaps = gapsSeen(well);
  const samples: Samples = {
    ttftMs: known(well.map(({ ttftMs }) => ttftMs)),
    itlMs: gaps.gaps,
    outputTokens: known(well.map(({ outputTokens }) => outputTokens)).filter((tokens) => tokens > 0),
  };
  const counts = { TTFT: samples.ttftMs.length, ITL: gaps.streams, "output length": samples.outputTokens.length };
  const reasons = refusalsOf(counts, options.minCalls);
  if (reasons.length > 0) return { ok: false, reasons };
  const { byPrompt, load } = strataOf(well, options.minCalls);
  const promptCache = promptCacheOf(well, Math.max(options.minCalls, callsFor.p95));
  const { distributions, measures, sources } = measuresOf(samples, gaps, options);
  const profile: Profile = {
    name: options.name,
    description: options.description,
    models: options.models,
    ...distributions,
    ...(byPrompt === undefined ? {} : { ttftMs: byPrompt.first, ttftByPrompt: byPrompt.rows }),
    ...shapeOf(gaps),
    ...lengthsOf(well, options.minCalls),
    prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
    load: (load?.rows ?? []).map(roundedRow),
    ...(promptCache !== undefined && { promptCache }),
    ...failing(observations),
    sources: { ...sources, ...restOf({ byPrompt, load, gaps, promptCache }) },
    fit: noteOf(observations, { calls: well.length, measures, options }),
  };
  return { ok: true, profile, notes: notesOf(counts) };
}

type Measure = "ttftMs" | "itlMs" | "outputTokens";
type Samples = Readonly<Record<Measure, readonly number[]>>;

/** Each measure fitted, or taken from another profile where the source does not have it. */
function measuresOf(samples: Samples, gaps: GapsSeen, { source, date, base }: FitOptions) {
  const measures: Record<string, FitError> = {};
  const sources: Record<string, string> = {};
  const distributionOf = (measure: Measure): Distribution => {
    const values = samples[measure];
    if (values.length === 0) {
      sources[measure] = `assumption: as in ${base.name}; the source does not tell`;
      return base[measure];
    }
    const { distribution, error } = fitDistribution(values);
    const of = measure === "itlMs" ? gapText(gaps) : `${values.length} calls`;
    measures[measure] = error;
    sources[measure] =
      `fitted to ${of} (${source}, ${date}): ${error.kind}, W1 ${percent(error.w1)} of the mean, KS ${error.ks}`;
    return distribution;
  };
  const distributions = {
    ttftMs: distributionOf("ttftMs"),
    itlMs: distributionOf("itlMs"),
    outputTokens: distributionOf("outputTokens"),
  };
  return { distributions, measures, sources };
}

type Noted = {
  readonly calls: number;
  readonly measures: Readonly<Record<string, FitError>>;
  readonly options: FitOptions;
};

function noteOf(observations: readonly Observation[], { calls, measures, options }: Noted): FitNote {
  return { source: options.source, date: options.date, ...periodOf(observations), calls, measures };
}

function strataOf(calls: readonly Observation[], minCalls: number) {
  const least = Math.max(minCalls, callsFor.p95);
  const byPrompt = promptStrata(calls, least);
  const byLoad = loadStrata(calls, { least, byFactor: false });
  if (byPrompt === undefined || byLoad === undefined) return { byPrompt, load: byLoad };
  // A profile has its TTFT by the one or the other: what changes it more.
  if (byPrompt.ratio >= byLoad.ttftRatio) return { byPrompt, load: loadStrata(calls, { least, byFactor: true }) };
  return { byPrompt: undefined, load: byLoad };
}

function refusalsOf(counts: Readonly<Record<string, number>>, minCalls: number): string[] {
  const least = Math.max(6, minCalls);
  const entries = Object.entries(counts);
  if (entries.every(([, count]) => count === 0)) return ["no call has a TTFT, gaps or an output length"];
  return entries.flatMap(([measure, count]) =>
    count === 0 || count >= least
      ? []
      : [
          `${measure} has ${count} calls and needs at least ${least}: a p50 within 20 % needs ${callsFor.p50} calls, a p95 within 20 % ${callsFor.p95}, a p99 within 20 % ${callsFor.p99}`,
        ],
  );
}

function notesOf(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).flatMap(([measure, count]) => {
    if (count === 0) return [`${measure}: not in the source, taken from another profile`];
    if (count < callsFor.p95)
      return [`${measure}: ${count} calls are too few for a p95 within 20 %, which needs ${callsFor.p95}`];
    return count < callsFor.p99
      ? [`${measure}: ${count} calls are too few for a p99 within 20 %, which needs ${callsFor.p99}`]
      : [];
  });
}

function known(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined).filter((value) => Number.isFinite(value) && value >= 0);
}

function percent(share: number): string {
  return `${rounded(share * 100, 3)} %`;
}

function gapText({ gaps, streams, onlyMeans }: GapsSeen): string {
  return onlyMeans ? `the mean gaps of ${streams} calls` : `${gaps.length} gaps of ${streams} streams`;
}

/** Of operations with enough calls, where there are two of those. */
function lengthsOf(calls: readonly Observation[], minCalls: number): Partial<Profile> {
  const groups = Map.groupBy(
    calls.filter(({ operation, outputTokens = 0 }) => operation !== undefined && outputTokens > 0),
    ({ operation }) => operation ?? "",
  );
  const enough = [...groups].filter(([, group]) => group.length >= Math.max(minCalls, callsFor.p95));
  if (enough.length < 2) return {};
  const entries = enough.map(([operation, group]): [string, Distribution] => [
    operation,
    fitDistribution(known(group.map(({ outputTokens }) => outputTokens))).distribution,
  ]);
  return { outputTokensByOperation: Object.fromEntries(entries) };
}

function failing(observations: readonly Observation[]): Partial<Profile> {
  const failures = failuresOf(observations);
  return failures === undefined ? {} : { failures };
}

function roundedRow(row: LoadRow): LoadRow {
  return { ...row, inFlight: rounded(row.inFlight), ttft: rounded(row.ttft), itl: rounded(row.itl) };
}

const cacheText = "the smallest count of cached tokens, and what all counts are multiples of";

type Rest = {
  readonly byPrompt: { readonly rows: readonly unknown[] } | undefined;
  readonly load: { readonly rows: readonly unknown[] } | undefined;
  readonly gaps: GapsSeen;
  readonly promptCache: PromptCache | undefined;
};

function restOf({ byPrompt, load, gaps, promptCache }: Rest): Record<string, string> {
  return {
    prefill:
      byPrompt === undefined
        ? "none: TTFT is as measured, whatever the length of its prompts"
        : "none: TTFT is fitted by the length of the prompt that no cache had",
    load:
      load === undefined
        ? "none: the source shows no difference by calls in flight"
        : "fitted by calls in flight, as TTFT and ITL",
    ...(promptCache === undefined ? {} : { promptCache: `${cacheText}; ttlMs is an assumption` }),
    ...(gaps.onlyMeans && gaps.gaps.length > 0
      ? { itlCorrelation: "assumption: the source has one mean gap a call, so the gaps of a stream are alike" }
      : {}),
  };
}

function periodOf(observations: readonly Observation[]): { readonly period?: string } {
  const times = known(observations.map(({ time }) => time));
  if (times.length === 0) return {};
  const day = (time: number): string => new Date(time).toISOString();
  return { period: `${day(times.reduce((a, b) => Math.min(a, b)))} to ${day(times.reduce((a, b) => Math.max(a, b)))}` };
}

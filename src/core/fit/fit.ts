import type { Distribution, FitError, LoadRow, Profile } from "../simulator/types.ts";
import { fitDistribution, type Fitted } from "./choose.ts";
import { failuresOf } from "./failures.ts";
import { gapsSeen, type GapsSeen } from "./gaps.ts";
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
  const values = {
    ttftMs: known(well.map(({ ttftMs }) => ttftMs)),
    outputTokens: known(well.map(({ outputTokens }) => outputTokens)).filter((tokens) => tokens > 0),
  };
  const gaps = gapsSeen(well);
  const counts = { TTFT: values.ttftMs.length, ITL: gaps.streams, "output length": values.outputTokens.length };
  const reasons = refusalsOf(counts, options.minCalls);
  if (reasons.length > 0) return { ok: false, reasons };
  const measures: Record<string, FitError> = {};
  const sources: Record<string, string> = {};
  const fitted = (name: string, fit: Fitted, of: string): Distribution => {
    measures[name] = fit.error;
    sources[name] =
      `fitted to ${of} (${options.source}, ${options.date}): ${fit.distribution.kind}, W1 ${percent(fit.error.w1)} of the mean, KS ${fit.error.ks}`;
    return fit.distribution;
  };
  const taken = (name: "ttftMs" | "itlMs" | "outputTokens"): Distribution => {
    sources[name] = `assumption: as in ${options.base.name}; the source does not tell`;
    return options.base[name];
  };
  const { byPrompt, load } = strataOf(well, options.minCalls);
  const ttftMs = values.ttftMs.length === 0 ? undefined : fitDistribution(values.ttftMs);
  const length = values.outputTokens.length === 0 ? undefined : fitDistribution(values.outputTokens);
  const gapFit = gaps.gaps.length === 0 ? undefined : fitDistribution(gaps.gaps);
  const whole = ttftMs === undefined ? taken("ttftMs") : fitted("ttftMs", ttftMs, `${counts.TTFT} calls`);
  const profile: Profile = {
    name: options.name,
    description: options.description,
    models: options.models,
    ttftMs: byPrompt?.first ?? whole,
    ...(byPrompt === undefined ? {} : { ttftByPrompt: byPrompt.rows }),
    itlMs: gapFit === undefined ? taken("itlMs") : fitted("itlMs", gapFit, gapText(gaps)),
    ...shapeOf(gaps),
    outputTokens:
      length === undefined ? taken("outputTokens") : fitted("outputTokens", length, `${counts["output length"]} calls`),
    ...lengthsOf(well, options.minCalls),
    prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
    load: (load?.rows ?? []).map(roundedRow),
    ...failing(observations),
    sources: { ...sources, ...restOf({ byPrompt, load, gaps }) },
    fit: {
      source: options.source,
      date: options.date,
      ...periodOf(observations),
      calls: well.length,
      measures,
    },
  };
  return { ok: true, profile, notes: notesOf(counts) };
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

function shapeOf({ correlation, stalls, tokensPerEvent }: GapsSeen): Partial<Profile> {
  return {
    ...(correlation === undefined ? {} : { itlCorrelation: correlation }),
    ...(stalls === undefined ? {} : { stalls }),
    ...(tokensPerEvent === undefined ? {} : { tokensPerEvent }),
  };
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

type Rest = {
  readonly byPrompt: { readonly rows: readonly unknown[] } | undefined;
  readonly load: { readonly rows: readonly unknown[] } | undefined;
  readonly gaps: GapsSeen;
};

function restOf({ byPrompt, load, gaps }: Rest): Record<string, string> {
  return {
    prefill:
      byPrompt === undefined
        ? "none: TTFT is as measured, whatever the length of its prompts"
        : "none: TTFT is fitted by the length of the prompt",
    load:
      load === undefined
        ? "none: the source shows no difference by calls in flight"
        : "fitted by calls in flight, as TTFT and ITL",
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

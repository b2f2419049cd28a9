import type { Distribution, LoadRow, PromptRow } from "../simulator/types.ts";
import { fitDistribution } from "./choose.ts";
import { gapsSeen } from "./gaps.ts";
import { sortedOf } from "./sample.ts";
import { quantileOf } from "../statistics/quantile.ts";
import type { Observation } from "./types.ts";

/** Calls with as many prompt tokens, or as many beside them. */
type Stratum = { readonly from: number; readonly calls: readonly Observation[] };

const promptEdges = [0, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000];
const loadEdges = [0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/** Medians of two strata that are nearer than that are taken for the same. */
const leastRatio = 1.1;

/** TTFT by prompt, where prompts of several lengths are there and differ. */
export type PromptStrata = {
  readonly first: Distribution;
  readonly rows: readonly PromptRow[];
  readonly ratio: number;
};

/**
 * TTFT by the length of the prompt that no cache had.
 *
 * @param least calls that a stratum needs
 * @param distributionOf makes that of a stratum; default: the one that fits best
 * @returns undefined where one distribution says the same
 */
export function promptStrata(
  calls: readonly Observation[],
  least: number,
  distributionOf: DistributionOf = nearest,
): PromptStrata | undefined {
  const strata = divided(calls, { edges: promptEdges, least, valueOf: uncachedOf });
  const ratio = ratioOf(strata.map((stratum) => medianOf(stratum.calls, ttftOf)));
  if (strata.length < 2 || ratio < leastRatio) return undefined;
  const rows = strata.map(({ from, calls: some }): PromptRow => {
    return { fromTokens: from, ttftMs: distributionOf(valuesOf(some, ttftOf)) };
  });
  const [first, ...others] = rows;
  return first === undefined ? undefined : { first: first.ttftMs, rows: others, ratio };
}

/** Rows of the load, and how much TTFT and ITL differ between them. */
export type LoadStrata = { readonly rows: readonly LoadRow[]; readonly ttftRatio: number };

/**
 * TTFT and ITL by calls in flight.
 *
 * @param byFactor TTFT as a factor of its median, and not as distributions of its own
 * @returns undefined where the load changes neither
 */
export function loadStrata(
  calls: readonly Observation[],
  { least, byFactor }: { readonly least: number; readonly byFactor: boolean },
): LoadStrata | undefined {
  const strata = divided(calls, { edges: loadEdges, least, valueOf: ({ inFlight }) => inFlight });
  const ttft = strata.map((stratum) => medianOf(stratum.calls, ttftOf));
  const gaps = strata.map((stratum) => gapsSeen(stratum.calls).gaps);
  const tails = gaps.map((some) => (some.length === 0 ? 0 : quantileOf(sortedOf(some), 0.95)));
  const ttftRatio = ratioOf(ttft);
  if (strata.length < 2 || Math.max(ttftRatio, ratioOf(tails)) < leastRatio) return undefined;
  const whole = medianOf(calls, ttftOf);
  const rows = strata.map((stratum, index): LoadRow => {
    const inFlight = medianOf(stratum.calls, (call) => call.inFlight);
    const own = gaps[index] ?? [];
    const itl = own.length < least ? {} : { itlMs: fitDistribution(own).distribution };
    return byFactor
      ? { inFlight, ttft: (ttft[index] ?? whole) / whole, itl: 1, ...itl }
      : { inFlight, ttft: 1, itl: 1, ttftMs: nearest(valuesOf(stratum.calls, ttftOf)), ...itl };
  });
  return { rows: rows.filter((row, index) => row.inFlight > (rows[index - 1]?.inFlight ?? -1)), ttftRatio };
}

type Dividing = {
  readonly edges: readonly number[];
  readonly least: number;
  valueOf(call: Observation): number | undefined;
};

/** Calls by the range in which their value lies; a range with too few of them is joined with the one below it. */
function divided(calls: readonly Observation[], { edges, least, valueOf }: Dividing): Stratum[] {
  const known = calls.filter((call) => call.ttftMs !== undefined && valueOf(call) !== undefined);
  const strata: { from: number; calls: Observation[] }[] = [];
  for (const [index, from] of edges.entries()) {
    const below = edges[index + 1] ?? Infinity;
    const inside = known.filter((call) => isWithin(valueOf(call), from, below));
    const last = strata.at(-1);
    if (last !== undefined && (last.calls.length < least || inside.length < least)) last.calls.push(...inside);
    else strata.push({ from, calls: inside });
  }
  return strata.filter((stratum) => stratum.calls.length >= least);
}

function isWithin(value: number | undefined, from: number, below: number): boolean {
  return value !== undefined && value >= from && value < below;
}

type DistributionOf = (values: readonly number[]) => Distribution;

function nearest(values: readonly number[]): Distribution {
  return fitDistribution(values).distribution;
}

function valuesOf(calls: readonly Observation[], valueOf: (call: Observation) => number | undefined): number[] {
  return calls.map(valueOf).filter((value) => value !== undefined);
}

function medianOf(calls: readonly Observation[], valueOf: (call: Observation) => number | undefined): number {
  const values = sortedOf(valuesOf(calls, valueOf));
  return values.length === 0 ? 0 : quantileOf(values, 0.5);
}

function ratioOf(values: readonly number[]): number {
  const known = values.filter((value) => value > 0);
  return known.length === 0 ? 1 : Math.max(...known) / Math.min(...known);
}

function ttftOf({ ttftMs }: Observation): number | undefined {
  return ttftMs;
}

function uncachedOf({ promptTokens, cachedTokens = 0 }: Observation): number | undefined {
  return promptTokens === undefined ? undefined : Math.max(0, promptTokens - cachedTokens);
}

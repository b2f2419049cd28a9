import type { Rng } from "../rng.ts";
import { bootstrap, intervalOf, ratioOf, ratiosOf, type Bootstrap } from "../statistics/bootstrap.ts";
import { ksDistance, wasserstein } from "../statistics/distance.ts";
import { placeOf } from "../statistics/equivalence.ts";
import { noiseDistances, probabilityOf } from "../statistics/noise.ts";
import { quantileOf } from "../statistics/quantile.ts";
import { clustersIn, meanOf, type Samples } from "../statistics/samples.ts";
import { callsFor, needsCalls } from "./needed.ts";
import type { Gate } from "./gates.ts";
import type { Comparison, GateResult, Limits, QuantileComparison, Result } from "./types.ts";

/** How two sides are compared. */
export type CompareOptions = {
  readonly gates: readonly Gate[];
  readonly rng: Rng;
  /** The clusters of both sides belong together one by one: two timings of the same call. */
  readonly paired?: boolean;
  /** How often equal sides may be said to differ, 0 … 1; default: 0.05. */
  readonly falseAlarms?: number;
  /** A difference below it counts as none, in the unit of the values: what no clock of a client sees. */
  readonly least?: number;
};

const shownShares = [0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99];
const level = 0.9;
/** Values that may be looked at for all resamples of one comparison: some tenths of a second. */
const maxSteps = 1e8;
const [leastReplicates, maxReplicates] = [200, 500];

/**
 * Says whether two sides are the same as far as the gates want it.
 *
 * `match`: the interval of the ratio lies inside the tolerance at each gate. `differs`: both sides are further apart than the
 * reference is from itself, and at a gate the ratio is beyond the tolerance with an interval that leaves out 1. Else there is not
 * enough data.
 *
 * @param reference the real side
 * @param candidate what shall be like it
 */
export function compare(reference: Samples, candidate: Samples, options: CompareOptions): Comparison {
  const { gates, rng, paired = false, falseAlarms = 0.05, least = 0 } = options;
  const shares = [...new Set([...shownShares, ...gates.map(({ quantile }) => quantile)])].sort((a, b) => a - b);
  const calls = { reference: clustersIn(reference), candidate: clustersIn(candidate) };
  if (calls.reference === 0 || calls.candidate === 0) return withoutValues(calls, gates);
  const steps = reference.values.length + candidate.values.length;
  const replicates = Math.min(maxReplicates, Math.max(leastReplicates, Math.floor(maxSteps / 2 / steps)));
  const drawn = bootstrap(reference, candidate, { shares, replicates, rng, paired });
  const quantiles = shares.map((share, at) => quantileAt({ reference, candidate, drawn, least }, share, at));
  const distance = wasserstein(reference.values, candidate.values);
  const sizes = [calls.reference, calls.candidate] as const;
  const noise = noiseDistances(reference, { splits: replicates, rng, sizes });
  const probability = probabilityOf(noise, distance);
  const fewest = Math.min(calls.reference, calls.candidate);
  const found = gates.flatMap((gate): GateResult[] => {
    const at = quantiles.find(({ quantile }) => quantile === gate.quantile);
    if (at === undefined) return [];
    const judged = { ...at, tolerance: gate.tolerance };
    const isFar = probability <= falseAlarms;
    return [{ ...judged, result: fewest < needsCalls(gate.quantile) ? "not enough data" : judge(judged, isFar) }];
  });
  const result = overall(found);
  const moreCalls = result === "not enough data" ? callsFor(found, fewest) : undefined;
  return {
    result,
    ...(moreCalls === undefined ? {} : { moreCalls }),
    calls,
    gates: found,
    quantiles,
    distance: { value: distance, share: finite(ratioOf(distance, meanOf(reference))) },
    noise: { limit: finite(quantileOf(noise, 0.95)), probability },
    ks: ksDistance(reference.values, candidate.values),
  };
}

/** What all of some results come to: one that differs decides, then one that is open. */
export function overall(results: readonly { readonly result: Result }[]): Result {
  if (results.some(({ result }) => result === "differs")) return "differs";
  const isOpen = results.length === 0 || results.some(({ result }) => result === "not enough data");
  return isOpen ? "not enough data" : "match";
}

/** @param isFar the sides are further apart than chance alone explains */
function judge(gate: Omit<GateResult, "result">, isFar: boolean): Result {
  const { ratio, interval, tolerance } = gate;
  const [low, high] = [interval.low ?? Infinity, interval.high ?? Infinity];
  if (placeOf({ low, high }, tolerance) === "inside") return "match";
  const isBeyond = Math.abs((ratio ?? Infinity) - 1) > tolerance && (low > 1 || high < 1);
  return isFar && isBeyond ? "differs" : "not enough data";
}

type Sides = {
  readonly reference: Samples;
  readonly candidate: Samples;
  readonly drawn: Bootstrap;
  readonly least: number;
};

function quantileAt({ reference, candidate, drawn, least }: Sides, share: number, at: number): QuantileComparison {
  const [ofReference = none, ofCandidate = none] = [drawn.reference[at], drawn.candidate[at]];
  const [real, other] = [quantileOf(reference.values, share), quantileOf(candidate.values, share)];
  // Each replicate against the next one: two draws of the same side.
  const again = ofReference.map((_, replicate) => ofReference[(replicate + 1) % ofReference.length] ?? 0);
  return {
    quantile: share,
    reference: real,
    candidate: other,
    band: intervalOf(Float64Array.from(ofReference.filter((value) => !Number.isNaN(value))).sort(), level),
    ratio: finite(ratioOf(other, real, least)),
    interval: limitsOf(ratiosOf(ofCandidate, ofReference, least)),
    noise: limitsOf(ratiosOf(again, ofReference, least)),
  };
}

const none = new Float64Array(0);

function limitsOf(ratios: Float64Array): Limits {
  const { low, high } = intervalOf(ratios, level);
  return { low: finite(low), high: finite(high) };
}

/** JSON has neither infinity nor NaN. */
function finite(ratio: number): number | null {
  return Number.isFinite(ratio) ? ratio : null;
}

function withoutValues(calls: Comparison["calls"], gates: readonly Gate[]): Comparison {
  return {
    result: "not enough data",
    moreCalls: Math.max(...gates.map(({ quantile }) => needsCalls(quantile))),
    calls,
    gates: [],
    quantiles: [],
    distance: { value: 0, share: 0 },
    noise: { limit: null, probability: 1 },
    ks: 0,
  };
}

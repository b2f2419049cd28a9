import { normalInverse } from "../simulator/normal.ts";
import type { Distribution, Profile, Stalls } from "../simulator/types.ts";
import { rounded, sortedOf } from "./sample.ts";
import { quantileOf } from "../statistics/quantile.ts";
import { quantileTable } from "./candidates.ts";
import type { Observation } from "./types.ts";

/** What the gaps of some streams show. */
export type GapsSeen = {
  /** Gaps between events, without stalls, in the order of their streams. */
  readonly gaps: readonly number[];
  readonly streams: number;
  /** Correlation of first order of each gap with the next; undefined where it is next to nothing. */
  readonly correlation: number | undefined;
  readonly stalls: Stalls | undefined;
  readonly tokensPerEvent: Distribution | undefined;
  /** Only the mean of each stream is known. */
  readonly onlyMeans: boolean;
};

/** Gaps of one stream whose only the mean is known are nearly alike. */
const correlationOfMeans = 0.9999;
const leastCorrelation = 0.03;
/** More of them change no figure. */
const maxGaps = 300_000;
/** A gap that is longer than so many times the p95, and than 200 ms, is a pause of its own kind, where such are rare. */
const stallFactor = 8;
const stallMs = 200;
const maxStallShare = 0.01;
const leastStalls = 20;
/** Of gaps without any time; fewer are chance. */
const leastTogether = 0.02;

/** What the gaps of calls that ended well show. */
export function gapsSeen(observations: readonly Observation[]): GapsSeen {
  const streams = observations.flatMap(({ gapsMs }) => (gapsMs === undefined || gapsMs.length === 0 ? [] : [gapsMs]));
  if (streams.length === 0) return meansSeen(observations);
  const every = Math.max(1, Math.ceil(streams.reduce((sum, { length }) => sum + length, 0) / maxGaps));
  const some = streams.filter((_, index) => index % every === 0);
  const events = some.map((gaps) => gaps.filter((gap) => gap > 0));
  const all = events.flat();
  const { stalls, limitMs } = stallsIn(all);
  const isUsual = (gap: number): boolean => gap <= limitMs;
  return {
    gaps: all.filter(isUsual),
    streams: some.length,
    correlation: correlationOf(events.map((gaps) => gaps.filter(isUsual))),
    stalls,
    tokensPerEvent: togetherIn(some),
    onlyMeans: false,
  };
}

/** What gaps show besides their distribution, as a profile says it. */
export function shapeOf({ correlation, stalls, tokensPerEvent }: GapsSeen): Partial<Profile> {
  return {
    ...(correlation === undefined ? {} : { itlCorrelation: correlation }),
    ...(stalls === undefined ? {} : { stalls }),
    ...(tokensPerEvent === undefined ? {} : { tokensPerEvent }),
  };
}

function meansSeen(observations: readonly Observation[]): GapsSeen {
  const gaps = observations.flatMap(({ meanGapMs }) => (meanGapMs === undefined ? [] : [meanGapMs]));
  const correlation = gaps.length === 0 ? undefined : correlationOfMeans;
  const none = { stalls: undefined, tokensPerEvent: undefined };
  return { gaps, streams: gaps.length, correlation, ...none, onlyMeans: true };
}

/** Rare long pauses, and up to which length a gap is none. */
function stallsIn(gaps: readonly number[]): { readonly stalls: Stalls | undefined; readonly limitMs: number } {
  const none = { stalls: undefined, limitMs: Infinity };
  if (gaps.length === 0) return none;
  const sorted = sortedOf(gaps);
  const limitMs = Math.max(stallMs, stallFactor * quantileOf(sorted, 0.95));
  const long = sorted.filter((gap) => gap > limitMs);
  const share = long.length / sorted.length;
  if (long.length < leastStalls || share > maxStallShare) return none;
  const usual = quantileOf(sorted, 0.5);
  const ms = quantileTable(long.map((gap) => gap - usual));
  return { stalls: { percentage: rounded(share * 100, 3), per: "gap", ms }, limitMs };
}

/** Pearson's correlation of neighbours, as the normal scores of their ranks among all gaps. */
function correlationOf(streams: readonly (readonly number[])[]): number | undefined {
  const sorted = sortedOf(streams.flat());
  let [sum, squares, pairs] = [0, 0, 0];
  for (const gaps of streams) {
    let before: number | undefined;
    for (const gap of gaps) {
      const score = normalInverse((middleRank(sorted, gap) + 0.5) / (sorted.length + 1));
      if (before !== undefined) {
        sum += score * before;
        squares += (score ** 2 + before ** 2) / 2;
        pairs += 1;
      }
      before = score;
    }
  }
  if (pairs < 1000 || squares === 0) return undefined;
  const correlation = Math.min(0.999, Math.max(-0.999, sum / squares));
  return Math.abs(correlation) < leastCorrelation ? undefined : rounded(correlation, 3);
}

/** How many values are below, and half of those that are equal. */
function middleRank(sorted: Float64Array, value: number): number {
  const rank = (isBefore: (each: number) => boolean): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(sorted[middle] ?? 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (rank((each) => each < value) + rank((each) => each <= value)) / 2;
}

/** How many tokens leave together; undefined where each leaves alone. */
function togetherIn(streams: readonly (readonly number[])[]): Distribution | undefined {
  const counts = new Map<number, number>();
  let [gaps, zeros, events] = [0, 0, 0];
  for (const stream of streams) {
    let tokens = 1;
    for (const gap of stream) {
      gaps += 1;
      if (gap === 0) {
        zeros += 1;
        tokens += 1;
        continue;
      }
      counts.set(tokens, (counts.get(tokens) ?? 0) + 1);
      events += 1;
      tokens = 1;
    }
  }
  if (zeros < gaps * leastTogether || events === 0) return undefined;
  return discreteOf(counts, events);
}

/** A table whose draws, rounded, are these integers with these shares. */
function discreteOf(counts: ReadonlyMap<number, number>, all: number): Distribution {
  const sorted = [...counts].sort(([one], [two]) => one - two);
  const [first] = sorted;
  if (sorted.length === 1 && first !== undefined) return { kind: "constant", value: first[0] };
  let below = 0;
  const table = sorted.flatMap(([value, count]): [number, number][] => {
    const from = below;
    below += count / all;
    return [
      [rounded(from + (from > 0 ? 1e-6 : 0), 7), value - 0.4],
      [rounded(Math.min(1, below), 7), value + 0.4],
    ];
  });
  return { kind: "quantiles", table: table.filter(([q], index) => index === 0 || q > (table[index - 1]?.[0] ?? 0)) };
}

import { normalInverse, z99 } from "../simulator/normal.ts";
import type { Distribution, Lognormal } from "../simulator/types.ts";
import { mixtureOf } from "./mixture.ts";
import { meanOf, rounded, thinned } from "./sample.ts";
import { wasserstein } from "../statistics/distance.ts";
import { quantileOf } from "../statistics/quantile.ts";

/** Enough for a p99.5; what lies beyond is in the last rows. */
const tableShares = Array.from({ length: 201 }, (_, index) => index / 200);
/** More than that does not change a fit. */
const maxFitted = 2000;
/** A row of a table that lies as near to the line between its neighbours says nothing. */
const tableTolerance = 0.005;

/**
 * The distributions of each kind that come nearest to some values.
 *
 * @param sorted at least two values ≥ 0, rising
 * @returns a quantile table always first; the others where the values allow them
 */
export function candidatesFor(sorted: Float64Array): readonly Distribution[] {
  const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
  if (last - first <= last * 1e-9) return [{ kind: "constant", value: rounded(first, 6) }];
  const table = quantileTable(sorted);
  const few = thinned(sorted, maxFitted);
  if (first <= 0) return [table];
  return [table, lognormalOf(few), gammaOf(few), shiftedOf(few), mixtureOf(few)].filter((each) => each !== undefined);
}

/** The values themselves at up to 203 shares, without the rows that a straight line stands for. */
export function quantileTable(sorted: Float64Array): Distribution {
  const { length } = sorted;
  const shares =
    length < tableShares.length
      ? Array.from({ length }, (_, index) => index / (length - 1))
      : [...tableShares.slice(0, -1), ...(length >= 2000 ? [0.998, 0.999] : []), 1];
  const rows = shares.map((share): Row => [rounded(share, 6), rounded(quantileOf(sorted, share), 5)]);
  return { kind: "quantiles", table: withoutLines(rows) };
}

type Row = readonly [share: number, value: number];

/** Douglas and Peucker's way: a stretch of rows is a line where none of them is far from it, else it is divided at the farthest. */
function withoutLines(rows: readonly Row[]): Row[] {
  const kept = new Set([0, rows.length - 1]);
  const stretches: [from: number, to: number][] = [[0, rows.length - 1]];
  for (let stretch = stretches.pop(); stretch !== undefined; stretch = stretches.pop()) {
    const farthest = farthestIn(rows, stretch);
    if (farthest === undefined) continue;
    kept.add(farthest);
    stretches.push([stretch[0], farthest], [farthest, stretch[1]]);
  }
  return rows.filter((_, index) => kept.has(index));
}

function farthestIn(rows: readonly Row[], [from, to]: readonly [number, number]): number | undefined {
  const [fromQ, low] = rows[from] ?? [0, 0];
  const [toQ, high] = rows[to] ?? [1, 0];
  let [most, at] = [tableTolerance, -1];
  for (let index = from + 1; index < to; index += 1) {
    const [q, value] = rows[index] ?? [0, 0];
    const line = low + ((high - low) * (q - fromQ)) / (toQ - fromQ);
    const error = Math.abs(line - value) / Math.max(value, 1e-9);
    if (error > most) [most, at] = [error, index];
  }
  return at === -1 ? undefined : at;
}

function lognormalOf(sorted: Float64Array): Distribution | undefined {
  return { kind: "lognormal", ...logMoments(sorted, 0) };
}

/** By the mean and the deviation of the logarithms above a shift. */
function logMoments(sorted: Float64Array, shift: number): Lognormal {
  const logs = sorted.map((value) => Math.log(value - shift));
  const mean = meanOf(logs);
  const sigma = Math.sqrt(meanOf(logs.map((log) => (log - mean) ** 2)));
  const p50 = rounded(shift + Math.exp(mean), 5);
  return { p50, p99: Math.max(p50, rounded(shift + Math.exp(mean + sigma * z99), 5)) };
}

/** @see Minka, "Estimating a Gamma distribution", 2002, for the shape by the mean and the mean logarithm */
function gammaOf(sorted: Float64Array): Distribution | undefined {
  const mean = meanOf(sorted);
  const s = Math.log(mean) - meanOf(sorted.map(Math.log));
  const shape = (3 - s + Math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s);
  if (!(shape >= 0.1 && shape <= 1000)) return undefined;
  return { kind: "gamma", mean: rounded(mean, 5), shape: rounded(shape, 4) };
}

/** The likelihood of a shift has no maximum, so the nearest of some is taken. */
function shiftedOf(sorted: Float64Array): Distribution | undefined {
  const [least = 0] = sorted;
  let best: { readonly error: number; readonly found: Distribution } | undefined;
  for (const share of [0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98]) {
    const shift = rounded(least * share, 4);
    const { p50, p99 } = logMoments(sorted, shift);
    if (shift <= 0 || shift >= p50) continue;
    const sigma = Math.log((p99 - shift) / (p50 - shift)) / z99;
    const drawn = sorted.map(
      (_, index) => shift + (p50 - shift) * Math.exp(sigma * normalInverse((index + 0.5) / sorted.length)),
    );
    const error = wasserstein(sorted, drawn);
    if (best === undefined || error < best.error) best = { error, found: { kind: "lognormal", p50, p99, shift } };
  }
  return best?.found;
}

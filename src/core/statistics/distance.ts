import type { Samples } from "./samples.ts";

/**
 * The distance of Kolmogorov and Smirnov: the largest difference of two cumulative distributions.
 *
 * @param a ascending
 * @param b ascending
 * @returns 0 … 1; NaN where a side has no values
 */
export function ksDistance(a: Float64Array, b: Float64Array): number {
  if (a.length === 0 || b.length === 0) return Number.NaN;
  let [atA, atB, distance] = [0, 0, 0];
  while (atA < a.length && atB < b.length) {
    const value = Math.min(a[atA] ?? Infinity, b[atB] ?? Infinity);
    while (atA < a.length && a[atA] === value) atA += 1;
    while (atB < b.length && b[atB] === value) atB += 1;
    distance = Math.max(distance, Math.abs(atA / a.length - atB / b.length));
  }
  return distance;
}

/**
 * How likely two samples of one distribution are at least that far apart, for samples of some hundreds and more.
 *
 * @param sizes how many independent values each side has
 * @see https://doi.org/10.1214/aoms/1177730256 Smirnov, "Table for Estimating the Goodness of Fit" (1948)
 */
export function ksProbability(distance: number, [a, b]: readonly [number, number]): number {
  const x = distance * Math.sqrt((a * b) / (a + b));
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) {
    const term = Math.exp(-2 * k * k * x * x);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/**
 * The first Wasserstein distance, in the unit of the values: the area between two cumulative distributions.
 *
 * @param a ascending
 * @param b ascending
 * @returns NaN where a side has no values
 */
export function wasserstein(a: Float64Array, b: Float64Array): number {
  if (a.length === 0 || b.length === 0) return Number.NaN;
  let [atA, atB, area] = [0, 0, 0];
  let before = Math.min(a[0] ?? 0, b[0] ?? 0);
  while (atA < a.length || atB < b.length) {
    const value = Math.min(a[atA] ?? Infinity, b[atB] ?? Infinity);
    area += Math.abs(atA / a.length - atB / b.length) * (value - before);
    before = value;
    while (atA < a.length && a[atA] === value) atA += 1;
    while (atB < b.length && b[atB] === value) atB += 1;
  }
  return area;
}

/**
 * The same distance between two parts of one sample.
 *
 * @param isFirst for each cluster, 1 where it is in the first part
 * @returns NaN where a part has no values
 */
export function wassersteinWithin({ values, owners, sizes }: Samples, isFirst: Uint8Array): number {
  let first = 0;
  for (let cluster = 0; cluster < sizes.length; cluster += 1)
    first += isFirst[cluster] === 1 ? (sizes[cluster] ?? 0) : 0;
  const second = values.length - first;
  if (first === 0 || second === 0) return Number.NaN;
  const [up, down] = [1 / first, -1 / second];
  let [difference, area] = [0, 0];
  let before = values[0] ?? 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    area += Math.abs(difference) * (value - before);
    before = value;
    difference += isFirst[owners[at] ?? 0] === 1 ? up : down;
  }
  return area;
}

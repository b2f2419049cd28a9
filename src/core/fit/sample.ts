import { quantileOf } from "../statistics/quantile.ts";

/** The arithmetic mean; NaN of nothing. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0;
  return sum / values.length;
}

/** Ascending. */
export function sortedOf(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** At most so many of ascending values, which lie as evenly among them. */
export function thinned(sorted: Float64Array, max: number): Float64Array {
  if (sorted.length <= max) return sorted;
  return Float64Array.from({ length: max }, (_, index) => quantileOf(sorted, (index + 0.5) / max));
}

/** A number with so many significant digits. */
export function rounded(value: number, digits = 4): number {
  return Number(value.toPrecision(digits));
}

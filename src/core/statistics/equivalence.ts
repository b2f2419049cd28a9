import type { Interval } from "./bootstrap.ts";

/**
 * Where the interval of a ratio lies to what is tolerated: `inside` the bounds, `outside` of them, or `across` one.
 *
 * With an interval of 90 %, `inside` is an equivalence test at 5 %: two one-sided tests, whose order does not matter.
 *
 * @param tolerance a share such as 0.05, for 0.95 … 1.05
 * @see https://doi.org/10.1007/BF01068419 Schuirmann, "A comparison of the two one-sided tests procedure" (1987)
 */
export function placeOf({ low, high }: Interval, tolerance: number): "inside" | "outside" | "across" {
  if (low >= 1 - tolerance && high <= 1 + tolerance) return "inside";
  return high < 1 - tolerance || low > 1 + tolerance ? "outside" : "across";
}

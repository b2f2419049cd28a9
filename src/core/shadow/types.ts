import type { Interval } from "../statistics/bootstrap.ts";

/** What can be said of two sides. */
export type Result = "match" | "differs" | "not enough data";

/** Two sides of one measure held against each other. Ratios are candidate / reference. */
export type Comparison = {
  readonly result: Result;
  /** How many more calls would probably settle it; absent where it is settled, or no number of calls would. */
  readonly moreCalls?: number;
  /** Calls with a value on each side. */
  readonly calls: { readonly reference: number; readonly candidate: number };
  readonly gates: readonly GateResult[];
  /** From the lowest share to the highest. */
  readonly quantiles: readonly QuantileComparison[];
  /** Wasserstein distance: the mean distance of the values of both sides, and as a share of the reference's mean, unless that is 0. */
  readonly distance: { readonly value: number; readonly share: number | null };
  /**
   * How far random halves of the reference are apart with 95 % (A/A), null where it is a single call; and how likely chance alone
   * takes them as far as both sides.
   */
  readonly noise: { readonly limit: number | null; readonly probability: number };
  /** Largest difference of the cumulative distributions; shown, never decides. */
  readonly ks: number;
};

/** One gate, and what came of it. */
export type GateResult = QuantileComparison & {
  /** What is tolerated of this quantile, as a share. */
  readonly tolerance: number;
  readonly result: Result;
};

/** One quantile of both sides; intervals hold 90 %. Null stands for a ratio to 0. */
export type QuantileComparison = {
  readonly quantile: number;
  readonly reference: number;
  readonly candidate: number;
  /** Where the reference's own quantile lies. */
  readonly band: Interval;
  readonly ratio: number | null;
  readonly interval: Limits;
  /** Where the ratio of the reference to itself would lie (A/A). */
  readonly noise: Limits;
};

/** Both ends of an interval of ratios. */
export type Limits = { readonly low: number | null; readonly high: number | null };

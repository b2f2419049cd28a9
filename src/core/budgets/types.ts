import type { BudgetKind } from "./windows.ts";

/** What may be spent at an upstream, and what its calls get once it is; what is not given is not limited. */
export type BudgetSettings = { readonly [kind in BudgetKind]?: number | undefined } & {
  readonly whenSpent: "simulate" | "fail";
};

/** One limit of a budget, and how much of it is used up. */
export type BudgetUse = {
  readonly upstream: string;
  readonly kind: BudgetKind;
  readonly limit: number;
  readonly used: number;
  /** When the window ends and nothing is used up again, milliseconds since 1970. */
  readonly endsAtMs: number;
};

/** Why a call may not go to its upstream. */
export type Spent = {
  readonly upstream: string;
  readonly kind: BudgetKind;
  readonly limit: number;
  /** Milliseconds until the window ends. */
  readonly retryAfterMs: number;
};

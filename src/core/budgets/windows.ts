/** What a budget limits, and in which window. */
export const budgetKinds = ["callsPerHour", "tokensPerDay", "usdPerDay"] as const;

/** One of them: calls and tokens are counted whole, money in US dollars. */
export type BudgetKind = (typeof budgetKinds)[number];

const hourMs = 3_600_000;

/** Windows are hours and days of UTC, as providers bill. */
const lengthMs: Readonly<Record<BudgetKind, number>> = {
  callsPerHour: hourMs,
  tokensPerDay: 24 * hourMs,
  usdPerDay: 24 * hourMs,
};

/**
 * The window in which a time is, counted from 1970.
 *
 * @param nowMs wall time, milliseconds since 1970
 */
export function windowAt(kind: BudgetKind, nowMs: number): number {
  return Math.floor(nowMs / lengthMs[kind]);
}

/** When that window ends, milliseconds since 1970. */
export function windowEndMs(kind: BudgetKind, nowMs: number): number {
  return (windowAt(kind, nowMs) + 1) * lengthMs[kind];
}

/** A limit in words, as it is configured. */
export function budgetText(kind: BudgetKind, limit: number): string {
  return `${kind}: ${limit}`;
}

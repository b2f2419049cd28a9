import type { GateResult } from "./types.ts";

/** Below it nothing is said of a quantile: ten calls have to lie beyond it. */
export function needsCalls(quantile: number): number {
  return Math.ceil(10 / Math.min(quantile, 1 - quantile) - 1e-9);
}

/**
 * How many more calls would probably settle the gates that are open, by two significant digits.
 *
 * The width of an interval goes with 1 / √n. Where the ratio is far from the bound, the interval has to fit between them; where
 * it is near, half the tolerance has to be enough.
 *
 * @param calls on the side with fewer of them
 * @returns undefined where a side is 0 at an open gate
 */
export function callsFor(gates: readonly GateResult[], calls: number): number | undefined {
  const wanted = gates.filter(({ result }) => result === "not enough data").map((gate) => callsAt(gate, calls));
  const total = Math.max(...wanted, 0);
  return Number.isFinite(total) ? roundedUp(Math.max(1, total - calls)) : undefined;
}

function callsAt({ quantile, ratio, interval, tolerance }: GateResult, calls: number): number {
  const { low, high } = interval;
  const least = needsCalls(quantile);
  if (calls < least) return least;
  if (ratio === null || low === null || high === null) return Infinity;
  const halfWidth = (high - low) / 2;
  const room = Math.max(tolerance - Math.abs(ratio - 1), tolerance / 2);
  return calls * Math.max(1.1, (halfWidth / room) ** 2);
}

/** Up to two significant digits. */
export function roundedUp(count: number): number {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1);
  return Math.ceil(count / power - 1e-9) * power;
}

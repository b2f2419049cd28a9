import type { Rng } from "../rng.ts";
import type { TrafficPoint } from "./types.ts";

/** Below so many, arrivals are drawn one by one. */
const fewArrivals = 30;

/**
 * Arrivals of a Poisson process in one second.
 *
 * @param mean calls a second
 * @returns an integer; from a mean of 30 on by the normal approximation
 */
export function arrivals(mean: number, rng: Rng): number {
  if (mean <= 0) return 0;
  if (mean >= fewArrivals) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(rng)));
  const end = Math.exp(-mean);
  let count = 0;
  for (let product = rng(); product > end; product *= rng()) count += 1;
  return count;
}

/** A draw of the standard normal distribution, by Box and Muller. */
function normal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng())) * Math.cos(2 * Math.PI * rng());
}

/** Share of the load at a time: linear between points, the last one from there on. */
export function shareAt(traffic: readonly TrafficPoint[], atSeconds: number): number {
  const minutes = atSeconds / 60;
  const next = traffic.findIndex(({ atMinutes }) => atMinutes > minutes);
  const to = traffic[next === -1 ? traffic.length - 1 : next];
  const from = next === -1 ? to : traffic[next - 1];
  if (from === undefined || to === undefined) return 0;
  if (from === to) return to.percentage / 100;
  const along = (minutes - from.atMinutes) / (to.atMinutes - from.atMinutes);
  return (from.percentage + (to.percentage - from.percentage) * along) / 100;
}

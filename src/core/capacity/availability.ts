import type { Policy } from "./types.ts";

/**
 * Share of time in which enough nodes, the balancer and the region are up.
 *
 * Nodes fail independently of each other, each as often as its provider admits.
 *
 * @param needed of `nodes` have to be up
 * @returns 0 … 1
 */
export function availability(
  { needed, nodes }: { readonly needed: number; readonly nodes: number },
  promised: Policy["availability"],
): number {
  const up = atLeast(needed, nodes, promised.instancePercentage / 100);
  return (up * promised.balancerPercentage * promised.regionPercentage) / 10_000;
}

/** The binomial distribution from `needed` on. */
function atLeast(needed: number, nodes: number, each: number): number {
  if (needed > nodes) return 0;
  let probability = each ** nodes;
  let sum = probability;
  for (let up = nodes - 1; up >= needed; up -= 1) {
    probability *= (((up + 1) / (nodes - up)) * (1 - each)) / each;
    sum += probability;
  }
  return Math.min(1, sum);
}

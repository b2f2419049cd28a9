import { z99 } from "../simulator/normal.ts";
import type { Distribution } from "../simulator/types.ts";
import { rounded } from "./sample.ts";
import { quantileOf } from "../statistics/quantile.ts";

/** One part of a mixture of normal distributions, of the logarithms. */
type Part = { readonly share: number; readonly mean: number; readonly sigma: number };

const rounds = 80;
/** A part with fewer of the values stands for chance. */
const leastShare = 0.005;
/** A part that shrinks to one value would be infinitely likely. */
const leastSigma = 0.01;

/**
 * A mixture of two lognormals by expectation and maximisation.
 *
 * @param sorted values above 0, rising
 * @returns undefined where the values are those of one alone
 */
export function mixtureOf(sorted: Float64Array): Distribution | undefined {
  const logs = sorted.map(Math.log);
  let found: [Part, Part] | undefined;
  let most = -Infinity;
  for (const cut of [0.5, 0.9, 0.97]) {
    const parts = improved(logs, startAt(logs, cut));
    const likelihood = parts === undefined ? -Infinity : likelihoodOf(logs, parts);
    if (likelihood > most) [found, most] = [parts, likelihood];
  }
  if (found === undefined) return undefined;
  const [first, second] = found[0].mean <= found[1].mean ? found : [found[1], found[0]];
  return { kind: "mixture", share: rounded(second.share), first: lognormalOf(first), second: lognormalOf(second) };
}

function lognormalOf({ mean, sigma }: Part): { p50: number; p99: number } {
  return { p50: rounded(Math.exp(mean), 5), p99: rounded(Math.exp(mean + sigma * z99), 5) };
}

/** What lies below and above a share of the values. */
function startAt(logs: Float64Array, cut: number): [Part, Part] {
  const part = (share: number, from: number, to: number): Part => ({
    share,
    mean: quantileOf(logs, (from + to) / 2),
    sigma: Math.max(leastSigma, (quantileOf(logs, to) - quantileOf(logs, from)) / 4),
  });
  return [part(cut, 0, cut), part(1 - cut, cut, 1)];
}

function improved(logs: Float64Array, start: [Part, Part]): [Part, Part] | undefined {
  let parts = start;
  for (let round = 0; round < rounds; round += 1) {
    const [one, two] = parts;
    const ofTwo = logs.map((log) => {
      const [first, second] = [densityOf(one, log), densityOf(two, log)];
      return second === 0 ? 0 : second / (first + second);
    });
    parts = [weighted(logs, (index) => 1 - (ofTwo[index] ?? 0)), weighted(logs, (index) => ofTwo[index] ?? 0)];
    if (parts.some(({ share }) => share < leastShare)) return undefined;
  }
  return parts;
}

function weighted(logs: Float64Array, weightAt: (index: number) => number): Part {
  let [weights, sum, squares] = [0, 0, 0];
  for (const [index, log] of logs.entries()) {
    const weight = weightAt(index);
    weights += weight;
    sum += weight * log;
    squares += weight * log * log;
  }
  const mean = sum / weights;
  const sigma = Math.sqrt(Math.max(squares / weights - mean * mean, leastSigma ** 2));
  return { share: weights / logs.length, mean, sigma };
}

function densityOf({ share, mean, sigma }: Part, log: number): number {
  return (share / sigma) * Math.exp(-0.5 * ((log - mean) / sigma) ** 2);
}

function likelihoodOf(logs: Float64Array, [one, two]: [Part, Part]): number {
  return logs.reduce((sum, log) => sum + Math.log(densityOf(one, log) + densityOf(two, log) + 1e-300), 0);
}

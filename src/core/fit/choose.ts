import { createRng } from "../rng.ts";
import { prepareDistribution } from "../simulator/distribution.ts";
import type { Distribution, FitError } from "../simulator/types.ts";
import { candidatesFor } from "./candidates.ts";
import { meanOf, rounded, sortedOf } from "./sample.ts";
import { ksDistance, wasserstein } from "../statistics/distance.ts";

/** A distribution, and how far it is from values that it has not seen. */
export type Fitted = { readonly distribution: Distribution; readonly error: FitError };

const folds = 3;
/** A formula that is as near as a table, but for so much of its error, is preferred: it says the tail too. */
const preference = 0.95;
/** Where one slow value in a hundred decides on W1, a formula must not miss the body for it. */
const maxKs = 1.1;
/** Quantiles of a distribution that stand for it in a comparison. */
const points = 2000;

/**
 * The distribution of some values: of each kind the nearest, and of those the one that is nearest to values held back.
 *
 * The values are divided into three parts by chance; each candidate is fitted to two of them and compared with the third. What is
 * chosen is then fitted to all of them.
 *
 * @param values at least six, each ≥ 0, in any order
 */
export function fitDistribution(values: readonly number[]): Fitted {
  const parts = dividedOf(values);
  const errors = new Map<string, { w1: number; ks: number }>();
  for (const [index, held] of parts.entries()) {
    const others = sortedOf(parts.flatMap((part, other) => (other === index ? [] : [...part])));
    for (const candidate of candidatesFor(others)) {
      const { w1, ks } = distanceOf(candidate, sortedOf(held));
      const name = nameOf(candidate);
      const sum = errors.get(name) ?? { w1: 0, ks: 0 };
      errors.set(name, { w1: sum.w1 + w1 / folds, ks: sum.ks + ks / folds });
    }
  }
  const whole = candidatesFor(sortedOf(values));
  const [table] = whole;
  let chosen = table;
  for (const candidate of whole) if (isNearer(candidate, chosen, errors)) chosen = candidate;
  if (chosen === undefined) throw new RangeError("There is nothing to fit.");
  const { w1 = 0, ks = 0 } = errors.get(nameOf(chosen)) ?? {};
  return {
    distribution: chosen,
    error: { n: values.length, kind: chosen.kind, w1: rounded(w1, 3), ks: rounded(ks, 3) },
  };
}

const farthest = { w1: Infinity, ks: Infinity };

/** Shifted ones are a candidate of their own. */
function nameOf(candidate: Distribution): string {
  return candidate.kind === "lognormal" && candidate.shift !== undefined ? "shifted" : candidate.kind;
}

function isNearer(
  candidate: Distribution,
  chosen: Distribution | undefined,
  errors: ReadonlyMap<string, { readonly w1: number; readonly ks: number }>,
): boolean {
  if (chosen === undefined) return true;
  const mine = errors.get(nameOf(candidate)) ?? farthest;
  const others = errors.get(nameOf(chosen)) ?? farthest;
  const table = errors.get("quantiles") ?? farthest;
  if (mine.ks > table.ks * maxKs) return false;
  return chosen.kind === "quantiles" ? mine.w1 < others.w1 / preference : mine.w1 < others.w1;
}

/** W1 as a share of the mean of the values, and KS. */
export function distanceOf(distribution: Distribution, sorted: Float64Array): { w1: number; ks: number } {
  const { at } = prepareDistribution("fit", distribution);
  const drawn = Float64Array.from({ length: points }, (_, index) => at((index + 0.5) / points));
  return { w1: wasserstein(drawn, sorted) / Math.max(meanOf(sorted), 1e-9), ks: ksDistance(drawn, sorted) };
}

function dividedOf(values: readonly number[]): readonly number[][] {
  const rng = createRng(values.length);
  const shuffled = values.slice();
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(rng() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other] ?? 0, shuffled[last] ?? 0];
  }
  return Array.from({ length: folds }, (_, fold) => shuffled.filter((_value, index) => index % folds === fold));
}

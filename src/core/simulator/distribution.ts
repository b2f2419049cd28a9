import type { Rng } from "../rng.ts";
import type { Distribution } from "../types.ts";

/** Draws one value per call; costs one draw of `rng` and a table look-up. */
type Sampler = (rng: Rng) => number;

/** A distribution ready to be drawn from. */
export type Prepared = { readonly sample: Sampler; readonly mean: number };

/** Cells of the inverse distribution function between 0 and 1. */
const cells = 1024;
/** The last cell is divided again, so that a p99.9 is right; what lies beyond p99.999 is cut off there. */
const tailCells = 100;
/** The z of a normal distribution at 99 %. */
const z99 = 2.3263478740408408;

/**
 * Compiles a distribution to a table of its inverse, interpolated between points.
 *
 * A draw costs one `rng()` and about 15 ns. A p99.9 is right within 1 %; values below p0.001 and above p99.999 are
 * never drawn, so the heaviest tails have a slightly smaller mean than the formula.
 *
 * @param name of the setting, for the error
 * @returns the sampler and the mean of what it draws
 * @throws RangeError naming the option, its range and the value given
 */
export function prepareDistribution(name: string, distribution: Distribution): Prepared {
  const inverse = inverseOf(name, distribution);
  if (distribution.kind === "constant") return { sample: () => distribution.value, mean: distribution.value };
  const body = Float64Array.from({ length: cells + 1 }, (_, index) => inverse(clampShare(index / cells)));
  const tail = Float64Array.from({ length: tailCells + 1 }, (_, index) =>
    inverse(clampShare(1 - (1 - index / tailCells) / cells)),
  );
  return { sample: (rng) => interpolate(body, tail, rng()), mean: meanOf(body, tail) };
}

function clampShare(share: number): number {
  return Math.min(Math.max(share, 1e-5), 1 - 1e-5);
}

function interpolate(body: Float64Array, tail: Float64Array, share: number): number {
  const position = share * cells;
  const cell = Math.floor(position);
  if (cell < cells - 1) return between(body, cell, position - cell);
  const tailPosition = (position - cell) * tailCells;
  const tailCell = Math.floor(tailPosition);
  return between(tail, tailCell, tailPosition - tailCell);
}

function between(table: Float64Array, cell: number, share: number): number {
  const low = table[cell] ?? 0;
  return low + ((table[cell + 1] ?? low) - low) * share;
}

function meanOf(body: Float64Array, tail: Float64Array): number {
  let sum = 0;
  for (let cell = 0; cell < cells - 1; cell += 1) sum += between(body, cell, 0.5);
  let tailSum = 0;
  for (let cell = 0; cell < tailCells; cell += 1) tailSum += between(tail, cell, 0.5);
  return (sum + tailSum / tailCells) / cells;
}

function inverseOf(name: string, distribution: Distribution): (share: number) => number {
  switch (distribution.kind) {
    case "constant":
      atLeast(`${name}.value`, distribution.value, 0);
      return () => distribution.value;
    case "uniform":
      atLeast(`${name}.min`, distribution.min, 0);
      atLeast(`${name}.max`, distribution.max, distribution.min);
      return (share) => distribution.min + (distribution.max - distribution.min) * share;
    case "lognormal": {
      positive(`${name}.p50`, distribution.p50);
      atLeast(`${name}.p99`, distribution.p99, distribution.p50);
      const sigma = Math.log(distribution.p99 / distribution.p50) / z99;
      return (share) => distribution.p50 * Math.exp(sigma * normalInverse(share));
    }
    case "gamma":
      positive(`${name}.mean`, distribution.mean);
      within(`${name}.shape`, distribution.shape, { min: 0.1, max: 1000 });
      return gammaInverse(distribution.mean, distribution.shape);
    case "quantiles":
      return quantileInverse(name, distribution.table);
    default:
      return distribution satisfies never;
  }
}

function atLeast(option: string, value: number, min: number): void {
  if (Number.isFinite(value) && value >= min) return;
  throw new RangeError(`${option} must be a number of at least ${min}, got ${value}`);
}

function positive(option: string, value: number): void {
  if (Number.isFinite(value) && value > 0) return;
  throw new RangeError(`${option} must be a number above 0, got ${value}`);
}

function within(option: string, value: number, { min, max }: { min: number; max: number }): void {
  if (value >= min && value <= max) return;
  throw new RangeError(`${option} must be a number from ${min} to ${max}, got ${value}`);
}

function quantileInverse(name: string, table: readonly (readonly [number, number])[]): (share: number) => number {
  if (table.length < 2) throw new RangeError(`${name}.table must have at least 2 rows, got ${table.length}`);
  let previous: readonly [q: number, value: number] = [-1, 0];
  for (const [index, row] of table.entries()) {
    const [q, value] = row;
    within(`${name}.table[${index}] q`, q, { min: 0, max: 1 });
    if (q <= previous[0])
      throw new RangeError(`${name}.table[${index}] must have a larger q than the row before, got ${q}`);
    atLeast(`${name}.table[${index}] value`, value, previous[1]);
    previous = row;
  }
  return (share) => {
    let [lowQ, low] = [0, 0];
    for (const [index, [q, value]] of table.entries()) {
      if (q >= share) return index === 0 ? value : low + ((value - low) * (share - lowQ)) / (q - lowQ);
      [lowQ, low] = [q, value];
    }
    return low;
  };
}

/** Inverse of the normal distribution, relative error below 1.2e-9. @see P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" */
function normalInverse(share: number): number {
  if (share < 0.02425) return tailInverse(Math.sqrt(-2 * Math.log(share)));
  if (share > 1 - 0.02425) return -tailInverse(Math.sqrt(-2 * Math.log(1 - share)));
  const q = share - 0.5;
  const r = q * q;
  const top = polynomial(
    r,
    [
      -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
      2.506628277459239,
    ],
  );
  const bottom = polynomial(
    r,
    [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
  );
  return (top * q) / bottom;
}

function tailInverse(q: number): number {
  const top = polynomial(
    q,
    [
      -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
      2.938163982698783,
    ],
  );
  const bottom = polynomial(q, [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1]);
  return top / bottom;
}

function polynomial(x: number, coefficients: readonly number[]): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}

/** Inverts the regularised gamma function by bisection; it runs once per table cell, not per draw. */
function gammaInverse(mean: number, shape: number): (share: number) => number {
  const scale = mean / shape;
  return (share) => {
    let low = 0;
    let high = shape + 20 * Math.sqrt(shape) + 40;
    for (let step = 0; step < 60; step += 1) {
      const middle = (low + high) / 2;
      if (lowerGamma(shape, middle) < share) low = middle;
      else high = middle;
    }
    return ((low + high) / 2) * scale;
  };
}

/** The regularised lower incomplete gamma function P(shape, x), by its series. @see DLMF 8.7.1 */
function lowerGamma(shape: number, x: number): number {
  if (x <= 0) return 0;
  let term = 1 / shape;
  let sum = term;
  for (let n = 1; n < 10_000 && term > sum * 1e-12; n += 1) {
    term *= x / (shape + n);
    sum += term;
  }
  return sum * Math.exp(-x + shape * Math.log(x) - logGamma(shape));
}

/** ln Γ(x) for x > 0, Lanczos with g = 7. @see Numerical Recipes §6.1 */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const coefficients = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ];
  let sum = 0.9999999999998099;
  for (const [index, coefficient] of coefficients.entries()) sum += coefficient / (x + index);
  const t = x + 6.5;
  return 0.9189385332046727 + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

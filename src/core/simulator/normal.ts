/** The z of a normal distribution at 99 %. */
export const z99 = 2.3263478740408408;

/** Inverse of the standard normal distribution, relative error below 1.2e-9. @see P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" */
export function normalInverse(share: number): number {
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

/** The standard normal distribution function, relative error below 1.2e-7. @see Numerical Recipes §6.2, erfcc */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const series = polynomial(
    t,
    [
      0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
      -1.26551223,
    ],
  );
  const upper = (t * Math.exp(-x * x + series)) / 2;
  return z < 0 ? upper : 1 - upper;
}

/** How much each of some calls counts, and as how many equal ones they count together. */
export type Weights = { readonly of: Float64Array; readonly effective: number };

/**
 * The weight of calls by their age: half of it for each half-life that they are older than the newest one.
 *
 * Only how they stand to each other matters. So an upstream that gives no more calls is not forgotten.
 *
 * @param times milliseconds
 */
export function weightsOf(times: readonly number[], halfLifeMs: number): Weights {
  const newest = times.reduce((most, time) => Math.max(most, time), -Infinity);
  const of = Float64Array.from(times, (time) => 2 ** ((time - newest) / halfLifeMs));
  let [sum, squares] = [0, 0];
  for (const weight of of) {
    sum += weight;
    squares += weight ** 2;
  }
  // Kish's effective size of a weighted sample.
  return { of, effective: squares === 0 ? 0 : sum ** 2 / squares };
}

/**
 * As many of some values as there are, each as often as its weight says: where all weigh the same, each once.
 *
 * They are taken at even steps of the summed weights, so that no chance is added.
 */
export function drawnBy<Value>(values: readonly Value[], weights: Float64Array): Value[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const step = sum / values.length;
  const drawn: Value[] = [];
  let below = 0;
  for (const [index, value] of values.entries()) {
    below += weights[index] ?? 0;
    while (drawn.length < values.length && (drawn.length + 0.5) * step < below) drawn.push(value);
  }
  return drawn;
}

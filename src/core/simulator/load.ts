import type { PreparedLoadRow } from "./profile.ts";
import type { LoadRow } from "./types.ts";

/** TTFT and ITL are this many times the drawn value. */
export type LoadFactors = { readonly ttft: number; readonly itl: number };

const noLoad: LoadFactors = { ttft: 1, itl: 1 };

/**
 * The load factors at a number of calls in flight, interpolated between the rows of a profile.
 *
 * @param rows sorted by `inFlight`
 * @returns the first row's before the first row, the last row's beyond the last; 1 and 1 without rows
 */
export function loadAt(rows: readonly LoadRow[], inFlight: number): LoadFactors {
  let low: LoadRow | undefined;
  for (const row of rows) {
    if (row.inFlight >= inFlight) return low === undefined ? row : between(low, row, inFlight);
    low = row;
  }
  return low ?? noLoad;
}

function between(low: LoadRow, high: LoadRow, inFlight: number): LoadFactors {
  const share = (inFlight - low.inFlight) / (high.inFlight - low.inFlight);
  return { ttft: low.ttft + (high.ttft - low.ttft) * share, itl: low.itl + (high.itl - low.itl) * share };
}

/** A distribution between those of two rows: each of its quantiles lies as far between theirs. */
export class LoadBlend {
  readonly #low: PreparedLoadRow;
  readonly #high: PreparedLoadRow;
  /** 0 at the lower row, 1 at the higher. */
  readonly #between: number;

  /** @param rows at least one, sorted by `inFlight` */
  constructor(rows: readonly [PreparedLoadRow, ...PreparedLoadRow[]], inFlight: number) {
    const index = rows.findIndex((row) => row.inFlight >= inFlight);
    this.#high = rows.at(index) ?? rows[0];
    this.#low = rows[index === -1 ? rows.length - 1 : Math.max(0, index - 1)] ?? rows[0];
    const width = this.#high.inFlight - this.#low.inFlight;
    this.#between = width > 0 ? (inFlight - this.#low.inFlight) / width : 0;
  }

  get mean(): number {
    const low = this.#low.drawn.mean * this.#low.factor;
    return low + (this.#high.drawn.mean * this.#high.factor - low) * this.#between;
  }

  at(share: number): number {
    const low = this.#low.drawn.at(share) * this.#low.factor;
    return low + (this.#high.drawn.at(share) * this.#high.factor - low) * this.#between;
  }
}

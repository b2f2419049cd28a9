import { prepareDistribution, type Prepared } from "./distribution.ts";
import type { LoadRow, Profile, Rng } from "../types.ts";

/** A profile with its distributions ready to be drawn from. */
export type PreparedProfile = {
  readonly profile: Profile;
  readonly ttftMs: Prepared;
  readonly itlMs: Prepared;
  readonly outputTokens: Prepared;
};

/** TTFT and ITL are this many times the drawn value. */
export type LoadFactors = { readonly ttft: number; readonly itl: number };

const noLoad: LoadFactors = { ttft: 1, itl: 1 };

/**
 * Compiles the distributions of a profile, once.
 *
 * @throws RangeError naming the setting, its range and the value given
 */
export function prepareProfile(profile: Profile): PreparedProfile {
  checkAmount("prefill.freePromptTokens", profile.prefill.freePromptTokens);
  checkAmount("prefill.msPer1000Tokens", profile.prefill.msPer1000Tokens);
  checkLoad(profile.load);
  return {
    profile,
    ttftMs: prepareDistribution("ttftMs", profile.ttftMs),
    itlMs: prepareDistribution("itlMs", profile.itlMs),
    outputTokens: prepareDistribution("outputTokens", profile.outputTokens),
  };
}

function checkAmount(option: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new RangeError(`${option} must be a number of at least 0, got ${value}`);
}

function checkLoad(rows: readonly LoadRow[]): void {
  let previous = -1;
  for (const [index, row] of rows.entries()) {
    checkAmount(`load[${index}].inFlight`, row.inFlight);
    checkAmount(`load[${index}].ttft`, row.ttft);
    checkAmount(`load[${index}].itl`, row.itl);
    if (row.inFlight <= previous) {
      throw new RangeError(
        `load[${index}].inFlight must be larger than ${previous} of the row before, got ${row.inFlight}`,
      );
    }
    previous = row.inFlight;
  }
}

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

/**
 * Draws how many tokens a response has.
 *
 * @returns integer ≥ 1: a model asked for text gives some
 */
export function pickOutputTokens(profile: PreparedProfile, rng: Rng): number {
  return Math.max(1, Math.round(profile.outputTokens.sample(rng)));
}

import { prepareDistribution, type Prepared } from "./distribution.ts";
import type { LoadRow, Profile } from "../types.ts";

/** A profile with its distributions ready to be drawn from. */
export type PreparedProfile = {
  readonly profile: Profile;
  readonly ttftMs: Prepared;
  readonly itlMs: Prepared;
  readonly outputTokens: Prepared;
};

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

import type { Batching } from "./batching.ts";
import { prepareDistribution, type Prepared } from "./distribution.ts";
import type { Distribution, Engine, LoadRow, Profile, PromptRow } from "./types.ts";

/** A profile with its distributions ready to be drawn from. */
export type PreparedProfile = {
  readonly profile: Profile;
  readonly ttftMs: Prepared;
  readonly itlMs: Prepared;
  readonly outputTokens: Prepared;
  /** Those that say more than a factor, where there are any. */
  readonly ttftByPrompt: readonly PreparedPromptRow[] | undefined;
  /** One for each row of the load, where one of them has a distribution of its own. */
  readonly ttftByLoad: readonly PreparedLoadRow[] | undefined;
  readonly itlByLoad: readonly PreparedLoadRow[] | undefined;
  readonly outputTokensByOperation: ReadonlyMap<string, Prepared> | undefined;
  readonly tokensPerEvent: Prepared | undefined;
  readonly stallMs: Prepared | undefined;
  readonly batching: PreparedBatching | undefined;
};

/** An engine ready to take requests. */
export type PreparedBatching = Batching & { readonly steps: readonly PreparedLoadRow[] };

export type PreparedPromptRow = { readonly fromTokens: number; readonly ttftMs: Prepared };

/** At so many calls in flight, a draw of the distribution times the factor. */
export type PreparedLoadRow = { readonly inFlight: number; readonly drawn: Prepared; readonly factor: number };

/**
 * Compiles the distributions of a profile, once.
 *
 * @throws RangeError naming the setting, its range and the value given
 */
export function prepareProfile(profile: Profile): PreparedProfile {
  checkAmount("prefill.freePromptTokens", profile.prefill.freePromptTokens);
  checkAmount("prefill.msPer1000Tokens", profile.prefill.msPer1000Tokens);
  checkLoad(profile.load);
  checkCorrelation(profile.itlCorrelation);
  checkShare("stalls.percentage", profile.stalls?.percentage ?? 0);
  const ttftMs = prepareDistribution("ttftMs", profile.ttftMs);
  const itlMs = prepareDistribution("itlMs", profile.itlMs);
  return {
    profile,
    ttftMs,
    itlMs,
    outputTokens: prepareDistribution("outputTokens", profile.outputTokens),
    ttftByPrompt: promptRows(profile),
    ttftByLoad: loadRows(profile.load, "ttft", ttftMs),
    itlByLoad: loadRows(profile.load, "itl", itlMs),
    outputTokensByOperation: byOperation(profile),
    tokensPerEvent: preparedIf("tokensPerEvent", profile.tokensPerEvent),
    stallMs: preparedIf("stalls.ms", profile.stalls?.ms),
    batching: profile.engine === undefined ? undefined : batchingOf(profile.engine),
  };
}

function batchingOf({ decodeMs, kvCacheTokens = Infinity, ...limits }: Engine): PreparedBatching {
  for (const [option, value] of Object.entries(limits)) checkAmount(`engine.${option}`, value);
  const steps = decodeMs.map(({ sequences, ms }, index) => {
    checkRises(`engine.decodeMs[${index}].sequences`, sequences, decodeMs[index - 1]?.sequences ?? -1);
    return { inFlight: sequences, drawn: prepareDistribution(`engine.decodeMs[${index}].ms`, ms), factor: 1 };
  });
  return { ...limits, kvCacheTokens, steps };
}

function preparedIf(name: string, distribution: Distribution | undefined): Prepared | undefined {
  return distribution === undefined ? undefined : prepareDistribution(name, distribution);
}

function promptRows({ ttftByPrompt, load }: Profile): readonly PreparedPromptRow[] | undefined {
  if (ttftByPrompt === undefined || ttftByPrompt.length === 0) return undefined;
  if (load.some(({ ttftMs }) => ttftMs !== undefined))
    throw new RangeError("ttftByPrompt cannot be combined with the ttftMs of a row of load");
  checkPromptRows(ttftByPrompt);
  return ttftByPrompt.map(({ fromTokens, ttftMs }, index) => ({
    fromTokens,
    ttftMs: prepareDistribution(`ttftByPrompt[${index}].ttftMs`, ttftMs),
  }));
}

function checkPromptRows(rows: readonly PromptRow[]): void {
  let previous = -1;
  for (const [index, { fromTokens }] of rows.entries()) {
    checkAmount(`ttftByPrompt[${index}].fromTokens`, fromTokens);
    checkRises(`ttftByPrompt[${index}].fromTokens`, fromTokens, previous);
    previous = fromTokens;
  }
}

/** Rows without a distribution of their own draw from that of the profile. */
function loadRows(rows: readonly LoadRow[], measure: "ttft" | "itl", usual: Prepared): PreparedLoadRow[] | undefined {
  const named = `${measure}Ms` as const;
  if (rows.every((row) => row[named] === undefined)) return undefined;
  return rows.map((row, index) => ({
    inFlight: row.inFlight,
    drawn: preparedIf(`load[${index}].${named}`, row[named]) ?? usual,
    factor: row[measure],
  }));
}

function byOperation({ outputTokensByOperation }: Profile): ReadonlyMap<string, Prepared> | undefined {
  if (outputTokensByOperation === undefined) return undefined;
  return new Map(
    Object.entries(outputTokensByOperation).map(([operation, tokens]) => [
      operation,
      prepareDistribution(`outputTokensByOperation.${operation}`, tokens),
    ]),
  );
}

function checkAmount(option: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new RangeError(`${option} must be a number of at least 0, got ${value}`);
}

function checkShare(option: string, value: number): void {
  if (value >= 0 && value <= 100) return;
  throw new RangeError(`${option} must be a number from 0 to 100, got ${value}`);
}

/** At 1 all gaps of a stream would be the same, at −1 they would alternate. */
function checkCorrelation(value: number | undefined): void {
  if (value === undefined || (value > -1 && value < 1)) return;
  throw new RangeError(`itlCorrelation must be a number above -1 and below 1, got ${value}`);
}

function checkRises(option: string, value: number, previous: number): void {
  if (value > previous) return;
  throw new RangeError(`${option} must be larger than ${previous} of the row before, got ${value}`);
}

function checkLoad(rows: readonly LoadRow[]): void {
  let previous = -1;
  for (const [index, row] of rows.entries()) {
    checkAmount(`load[${index}].inFlight`, row.inFlight);
    checkAmount(`load[${index}].ttft`, row.ttft);
    checkAmount(`load[${index}].itl`, row.itl);
    checkRises(`load[${index}].inFlight`, row.inFlight, previous);
    previous = row.inFlight;
  }
}

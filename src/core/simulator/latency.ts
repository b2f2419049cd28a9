import type { PreparedProfile } from "./profile.ts";
import type { LoadRow, Overrides, Rng, Timing } from "../types.ts";

/** TTFT and ITL are this many times the drawn value. */
export type LoadFactors = { readonly ttft: number; readonly itl: number };

const noLoad: LoadFactors = { ttft: 1, itl: 1 };

/**
 * Draws when each token of a response leaves.
 *
 * TTFT = draw × load + prefill of the prompt; each further token follows after draw × load. So the total is on average
 * TTFT + (N − 1) × mean ITL. A wish replaces the whole TTFT or the whole gap, load and prefill included.
 *
 * @param options.promptTokens ≥ 0
 * @param options.outputTokens integer ≥ 0; 0 for a response without text, which is whole at TTFT
 * @param options.inFlight calls in flight on this node
 * @param options.endOnly leaves `atMs` empty, for a response in one piece
 * @param options.overrides `ttftMs` and `itlMs`, milliseconds ≥ 0
 * @returns times in milliseconds that never go back
 */
export function planTiming(options: {
  profile: PreparedProfile;
  promptTokens: number;
  outputTokens: number;
  inFlight: number;
  rng: Rng;
  overrides: Overrides;
  endOnly?: boolean;
  delayMs?: number;
}): Timing {
  const { profile, rng, overrides, outputTokens, endOnly = false, delayMs = 0 } = options;
  const load = loadAt(profile.profile.load, options.inFlight);
  const drawnMs = profile.ttftMs.sample(rng) * load.ttft + prefillMs(profile, options.promptTokens);
  const ttftMs = delayMs + (overrides.ttftMs ?? drawnMs);
  const atMs: number[] = [];
  let whenMs = ttftMs;
  for (let token = 0; token < outputTokens; token += 1) {
    if (token > 0) whenMs += overrides.itlMs ?? profile.itlMs.sample(rng) * load.itl;
    if (!endOnly) atMs.push(whenMs);
  }
  return { ttftMs, atMs, totalMs: whenMs };
}

function prefillMs(profile: PreparedProfile, promptTokens: number): number {
  const { freePromptTokens, msPer1000Tokens } = profile.profile.prefill;
  return (Math.max(0, promptTokens - freePromptTokens) / 1000) * msPer1000Tokens;
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

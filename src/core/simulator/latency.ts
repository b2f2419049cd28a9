import { loadAt, type PreparedProfile } from "./profile.ts";
import type { Rng, Timing, Overrides } from "../types.ts";

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
}): Timing {
  const { profile, rng, overrides, outputTokens, endOnly = false } = options;
  const load = loadAt(profile.profile.load, options.inFlight);
  const drawnMs = profile.ttftMs.sample(rng) * load.ttft + prefillMs(profile, options.promptTokens);
  const ttftMs = overrides.ttftMs ?? drawnMs;
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

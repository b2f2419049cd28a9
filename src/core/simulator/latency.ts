import type { Service } from "./batching.ts";
import { gapsOf, type Gaps } from "./gaps.ts";
import { LoadBlend, loadAt } from "./load.ts";
import type { PreparedProfile } from "./profile.ts";
import type { Randomness, Rng, SeededRng } from "../rng.ts";
import type { Overrides } from "../types.ts";
import type { Timing } from "./timing.ts";

/** What decides when the tokens of a response leave. */
export type TimingOptions = {
  readonly profile: PreparedProfile;
  /** ≥ 0 */
  readonly promptTokens: number;
  /** How many of them a prompt cache has; 0 when absent. */
  readonly cachedTokens?: number | undefined;
  /** Integer ≥ 0; 0 for a response without text, which is whole at TTFT. */
  readonly outputTokens: number;
  /** Calls in flight on this node. */
  readonly inFlight: number;
  /** How the engine serves it, where the profile has one. */
  readonly service?: Pick<Service, "firstTokenMs" | "sequences"> | undefined;
  /** Is moved past all draws. */
  readonly rng: SeededRng;
  /** `ttftMs` and `itlMs`, milliseconds ≥ 0. */
  readonly overrides: Overrides;
  /** When the model begins, in milliseconds from the start of the call. */
  readonly delayMs?: number;
};

/**
 * Draws when each token of a response leaves.
 *
 * TTFT = draw × load + prefill of the part of the prompt that no cache has; each further token follows after draw × load. So the
 * total is on average TTFT + (N − 1) × mean ITL. Of a profile with an engine, TTFT = draw + what that takes to the first token. A wish replaces the whole TTFT or the whole gap, load, prefill and stalls included.
 *
 * @returns times in milliseconds that never go back
 */
export function planTiming(options: TimingOptions): Timing & { readonly atMs: readonly number[] } {
  const { ttftMs, gaps } = beginningOf(options);
  const { outputTokens, rng } = options;
  const atMs = outputTokens > 0 ? [ttftMs] : [];
  let totalMs = ttftMs;
  for (let token = 1; token < outputTokens; token += 1) atMs.push((totalMs += gaps.next(rng)));
  return { ttftMs, atMs, totalMs };
}

/** The same with times that are not kept, but drawn again at each iteration. */
export function drawTiming(options: TimingOptions): Timing {
  const { ttftMs, gaps } = beginningOf(options);
  const { outputTokens, rng } = options;
  const atMs = new TokenTimes({ ttftMs, count: outputTokens, gaps, start: rng.state.copy() });
  const isTogether = options.profile.tokensPerEvent !== undefined && options.overrides.itlMs === undefined;
  const drawn = gaps.fresh();
  let totalMs = ttftMs;
  for (let token = 1; token < outputTokens; token += 1) totalMs += drawn.next(rng);
  return isTogether ? { ttftMs, atMs, totalMs, together: true } : { ttftMs, atMs, totalMs };
}

function beginningOf(options: TimingOptions): { readonly ttftMs: number; readonly gaps: Gaps } {
  const { profile, overrides, inFlight, delayMs = 0 } = options;
  const load = loadAt(profile.profile.load, inFlight);
  const drawnMs = ttftMsOf(options, load.ttft);
  const { itlMs } = overrides;
  const sequences = options.service?.sequences;
  const gaps = gapsOf({ profile, tokens: options.outputTokens, inFlight, sequences, load: load.itl, itlMs });
  return { ttftMs: delayMs + (overrides.ttftMs ?? drawnMs), gaps };
}

function ttftMsOf(options: TimingOptions, load: number): number {
  const { profile, rng, inFlight, promptTokens, cachedTokens = 0, service } = options;
  if (service !== undefined) return profile.ttftMs.sample(rng) + service.firstTokenMs;
  const uncached = Math.max(0, promptTokens - cachedTokens);
  const prefill = prefillMs(profile, uncached);
  const [first, ...others] = profile.ttftByLoad ?? [];
  if (first !== undefined) return new LoadBlend([first, ...others], inFlight).at(rng()) + prefill;
  const byPrompt = profile.ttftByPrompt?.findLast(({ fromTokens }) => fromTokens <= uncached)?.ttftMs;
  return (byPrompt ?? profile.ttftMs).sample(rng) * load + prefill;
}

type Times = { readonly ttftMs: number; readonly count: number; readonly gaps: Gaps; readonly start: Randomness };

/** When each token leaves, drawn anew at each iteration. */
class TokenTimes implements Iterable<number> {
  readonly #times: Times;

  constructor(times: Times) {
    this.#times = times;
  }

  [Symbol.iterator](): Iterator<number, undefined> {
    return new TimeIterator(this.#times);
  }
}

class TimeIterator implements Iterator<number, undefined> {
  readonly #gaps: Gaps;
  readonly #rng: Rng;
  readonly #count: number;
  #given = 0;
  #whenMs: number;

  constructor({ ttftMs, count, gaps, start }: Times) {
    this.#gaps = gaps.fresh();
    const state = start.copy();
    this.#rng = () => state.next();
    this.#count = count;
    this.#whenMs = ttftMs;
  }

  next(): IteratorResult<number, undefined> {
    if (this.#given === this.#count) return { done: true, value: undefined };
    if (this.#given > 0) this.#whenMs += this.#gaps.next(this.#rng);
    this.#given += 1;
    return { done: false, value: this.#whenMs };
  }
}

function prefillMs(profile: PreparedProfile, promptTokens: number): number {
  const { freePromptTokens, msPer1000Tokens } = profile.profile.prefill;
  return (Math.max(0, promptTokens - freePromptTokens) / 1000) * msPer1000Tokens;
}

/**
 * Draws how many tokens a response has.
 *
 * @param operation its name, for a profile that tells operations apart
 * @returns integer ≥ 1: a model asked for text gives some
 */
export function pickOutputTokens(profile: PreparedProfile, rng: Rng, operation?: string): number {
  const own = operation === undefined ? undefined : profile.outputTokensByOperation?.get(operation);
  return Math.max(1, Math.round((own ?? profile.outputTokens).sample(rng)));
}

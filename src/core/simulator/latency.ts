import type { PreparedProfile } from "./profile.ts";
import type { Randomness, Rng, SeededRng } from "../rng.ts";
import type { LoadRow, Overrides } from "../types.ts";
import type { Timing } from "./timing.ts";

/** TTFT and ITL are this many times the drawn value. */
export type LoadFactors = { readonly ttft: number; readonly itl: number };

const noLoad: LoadFactors = { ttft: 1, itl: 1 };

/** What decides when the tokens of a response leave. */
export type TimingOptions = {
  readonly profile: PreparedProfile;
  /** ≥ 0 */
  readonly promptTokens: number;
  /** Integer ≥ 0; 0 for a response without text, which is whole at TTFT. */
  readonly outputTokens: number;
  /** Calls in flight on this node. */
  readonly inFlight: number;
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
 * TTFT = draw × load + prefill of the prompt; each further token follows after draw × load. So the total is on average
 * TTFT + (N − 1) × mean ITL. A wish replaces the whole TTFT or the whole gap, load and prefill included.
 *
 * @returns times in milliseconds that never go back
 */
export function planTiming(options: TimingOptions): Timing & { readonly atMs: readonly number[] } {
  const { ttftMs, gap } = beginningOf(options);
  const { outputTokens, rng } = options;
  const atMs = outputTokens > 0 ? [ttftMs] : [];
  let totalMs = ttftMs;
  for (let token = 1; token < outputTokens; token += 1) atMs.push((totalMs += gapMs(gap, rng)));
  return { ttftMs, atMs, totalMs };
}

/** The same with times that are not kept, but drawn again at each iteration. */
export function drawTiming(options: TimingOptions): Timing {
  const { ttftMs, gap } = beginningOf(options);
  const { outputTokens, rng } = options;
  const atMs = new TokenTimes({ ttftMs, count: outputTokens, gap, start: rng.state.copy() });
  let totalMs = ttftMs;
  for (let token = 1; token < outputTokens; token += 1) totalMs += gapMs(gap, rng);
  return { ttftMs, atMs, totalMs };
}

function beginningOf({ profile, rng, overrides, inFlight, promptTokens, delayMs = 0 }: TimingOptions) {
  const load = loadAt(profile.profile.load, inFlight);
  const drawnMs = profile.ttftMs.sample(rng) * load.ttft + prefillMs(profile, promptTokens);
  const gap: Gap = { itlMs: overrides.itlMs, profile, load: load.itl };
  return { ttftMs: delayMs + (overrides.ttftMs ?? drawnMs), gap };
}

/** What decides how long after the last a token leaves. */
type Gap = { readonly itlMs: number | undefined; readonly profile: PreparedProfile; readonly load: number };

function gapMs({ itlMs, profile, load }: Gap, rng: Rng): number {
  return itlMs ?? profile.itlMs.sample(rng) * load;
}

type Times = { readonly ttftMs: number; readonly count: number; readonly gap: Gap; readonly start: Randomness };

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
  readonly #gap: Gap;
  readonly #rng: Rng;
  readonly #count: number;
  #given = 0;
  #whenMs: number;

  constructor({ ttftMs, count, gap, start }: Times) {
    this.#gap = gap;
    const state = start.copy();
    this.#rng = () => state.next();
    this.#count = count;
    this.#whenMs = ttftMs;
  }

  next(): IteratorResult<number, undefined> {
    if (this.#given === this.#count) return { done: true, value: undefined };
    if (this.#given > 0) this.#whenMs += gapMs(this.#gap, this.#rng);
    this.#given += 1;
    return { done: false, value: this.#whenMs };
  }
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

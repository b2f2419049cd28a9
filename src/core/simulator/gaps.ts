import { LoadBlend } from "./load.ts";
import { normalCdf, normalInverse } from "./normal.ts";
import type { PreparedLoadRow, PreparedProfile } from "./profile.ts";
import type { Rng } from "../rng.ts";

/** How long after the last the next token of a stream leaves. */
export type Gaps = {
  /** In milliseconds; draws from `rng`. */
  next(rng: Rng): number;
  /** The same from the beginning of the stream. */
  fresh(): Gaps;
};

/** What decides on the gaps of one stream. */
export type GapOptions = {
  readonly profile: PreparedProfile;
  /** Tokens of the stream. */
  readonly tokens: number;
  readonly inFlight: number;
  /** In the batch of the engine, where the profile has one. */
  readonly sequences?: number | undefined;
  /** Factor by the load. */
  readonly load: number;
  /** Each gap as it is wished, whatever the profile says. */
  readonly itlMs: number | undefined;
};

/** The gaps of one stream. */
export function gapsOf(options: GapOptions): Gaps {
  const { profile } = options;
  const isPlain =
    stepsOf(options) === undefined &&
    profile.tokensPerEvent === undefined &&
    profile.stallMs === undefined &&
    profile.profile.itlCorrelation === undefined;
  return isPlain || options.itlMs !== undefined ? new IndependentGaps(options) : new ShapedGaps(options);
}

/** The distributions of a gap by load: by sequences in the batch where there is an engine, else by calls in flight. */
function stepsOf({ profile, sequences }: GapOptions): readonly PreparedLoadRow[] | undefined {
  return sequences === undefined ? profile.itlByLoad : profile.batching?.steps;
}

/** Each gap is drawn for itself. */
class IndependentGaps implements Gaps {
  readonly #options: GapOptions;

  constructor(options: GapOptions) {
    this.#options = options;
  }

  next(rng: Rng): number {
    const { itlMs, profile, load } = this.#options;
    return itlMs ?? profile.itlMs.sample(rng) * load;
  }

  fresh(): Gaps {
    return this;
  }
}

/** Gaps that know of each other: correlated ones, tokens that leave together, stalls; or of the load more than a factor. */
class ShapedGaps implements Gaps {
  readonly #options: GapOptions;
  readonly #blend: LoadBlend | undefined;
  /** The last gap as a number of the standard normal distribution. */
  #z: number | undefined;
  /** Tokens that are still to leave with the last one; undefined before the first event. */
  #together: number | undefined;
  #token = 0;
  /** The token before which the stream stalls; Infinity where none; undefined until that is drawn. */
  #stallBefore: number | undefined;

  constructor(options: GapOptions) {
    this.#options = options;
    const [first, ...others] = stepsOf(options) ?? [];
    const at = options.sequences ?? options.inFlight;
    this.#blend = first === undefined ? undefined : new LoadBlend([first, ...others], at);
  }

  fresh(): Gaps {
    return new ShapedGaps(this.#options);
  }

  next(rng: Rng): number {
    this.#token += 1;
    if (this.#isTogether(rng)) return 0;
    return this.#gapMs(this.#share(rng)) + this.#stallMs(rng);
  }

  #isTogether(rng: Rng): boolean {
    const { tokensPerEvent } = this.#options.profile;
    if (tokensPerEvent === undefined) return false;
    this.#together ??= Math.max(1, Math.round(tokensPerEvent.sample(rng))) - 1;
    if (this.#together > 0) {
      this.#together -= 1;
      return true;
    }
    this.#together = Math.max(1, Math.round(tokensPerEvent.sample(rng))) - 1;
    return false;
  }

  /** A Gaussian copula of first order: however much the gaps depend on each other, each alone is distributed as the profile says. */
  #share(rng: Rng): number {
    const { itlCorrelation } = this.#options.profile.profile;
    if (itlCorrelation === undefined) return rng();
    const fresh = normalInverse(Math.min(Math.max(rng(), 1e-9), 1 - 1e-9));
    const kept = this.#z;
    this.#z = kept === undefined ? fresh : itlCorrelation * kept + Math.sqrt(1 - itlCorrelation ** 2) * fresh;
    return Math.min(normalCdf(this.#z), 1 - 1e-9);
  }

  #gapMs(share: number): number {
    const { profile, load } = this.#options;
    return this.#blend?.at(share) ?? profile.itlMs.at(share) * load;
  }

  #stallMs(rng: Rng): number {
    const { stallMs, profile } = this.#options.profile;
    if (stallMs === undefined || profile.stalls === undefined) return 0;
    const { per, percentage } = profile.stalls;
    if (per === "gap") return rng() * 100 < percentage ? stallMs.sample(rng) : 0;
    this.#stallBefore ??= rng() * 100 < percentage ? 1 + Math.floor(rng() * (this.#options.tokens - 1)) : Infinity;
    if (this.#token < this.#stallBefore) return 0;
    this.#stallBefore = Infinity;
    return stallMs.sample(rng);
  }
}

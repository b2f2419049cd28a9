import type { PromptCache } from "./prompt-cache.ts";

/** When the head of a stream leaves: as soon as the request is accepted, or with the first token. */
export type HeadTime = "at-once" | "first-token";

/** The simulator's model of one provider's speed. Distributions are in milliseconds or tokens. */
export type Profile = {
  readonly name: string;
  readonly description: string;
  /** Globs of the model names it stands for, most specific first. */
  readonly models: readonly string[];
  /** Where each number comes from, by the name of the setting. */
  readonly sources: Readonly<Record<string, string>>;
  readonly ttftMs: Distribution;
  /** Instead of `ttftMs` for longer prompts; sorted by `fromTokens`. */
  readonly ttftByPrompt?: readonly PromptRow[] | undefined;
  /** Between two events that carry tokens; where each carries one, between two tokens. */
  readonly itlMs: Distribution;
  /** How much of a gap the next one keeps, −1 < x < 1; absent where gaps are independent. */
  readonly itlCorrelation?: number | undefined;
  readonly stalls?: Stalls | undefined;
  /** Tokens that leave together, rounded to an integer of at least 1; absent where each leaves alone. */
  readonly tokensPerEvent?: Distribution | undefined;
  readonly outputTokens: Distribution;
  /** Instead of `outputTokens`, by the name of the operation. */
  readonly outputTokensByOperation?: Readonly<Record<string, Distribution>> | undefined;
  /** Added to TTFT for each 1,000 prompt tokens that no cache has, beyond `freePromptTokens`. */
  readonly prefill: { readonly freePromptTokens: number; readonly msPer1000Tokens: number };
  /** When the head of a stream leaves; absent for what the API does. */
  readonly head?: HeadTime | undefined;
  /** By calls in flight on this node, interpolated between rows. Sorted by `inFlight`. */
  readonly load: readonly LoadRow[];
  /** Absent for a provider that keeps no beginnings of prompts. */
  readonly promptCache?: PromptCache | undefined;
  /** What it is served by; then TTFT and ITL follow from what that has to do, and not from calls in flight. */
  readonly engine?: Engine | undefined;
  /** Faults that calls have whose rule says `failures: true`. */
  readonly failures?: readonly ProfileFailure[] | undefined;
  /** What it was fitted from, and how well. */
  readonly fit?: FitNote | undefined;
};

/** A server that adds each request to the batch it works on, as vLLM, SGLang and TGI do. `ttftMs` is what comes before it, such as the network. */
export type Engine = {
  readonly prefillTokensPerSecond: number;
  readonly maxBatchTokens: number;
  readonly maxSequences: number;
  /** Absent for a cache that never fills up. */
  readonly kvCacheTokens?: number | undefined;
  /** Between two tokens, by sequences in the batch, interpolated between rows. Sorted by `sequences`. */
  readonly decodeMs: readonly DecodeRow[];
};

/** With so many sequences in the batch, a step takes that long. */
export type DecodeRow = { readonly sequences: number; readonly ms: Distribution };

/** TTFT of prompts with so many tokens that no cache has, up to the next row. */
export type PromptRow = { readonly fromTokens: number; readonly ttftMs: Distribution };

/** At `inFlight` calls TTFT and ITL are this many times the drawn value, which is drawn from the row's own distribution where it has one. */
export type LoadRow = {
  readonly inFlight: number;
  readonly ttft: number;
  readonly itl: number;
  readonly ttftMs?: Distribution | undefined;
  readonly itlMs?: Distribution | undefined;
};

/** Rare pauses of a stream, added to a gap. */
export type Stalls = {
  /** 0 … 100, of all gaps or of all streams. */
  readonly percentage: number;
  /** A stream that has one has it at a gap that is drawn. */
  readonly per: "gap" | "stream";
  readonly ms: Distribution;
};

/** A fault and its share of the calls, 0 … 100; the other members are the options of its kind. */
export type ProfileFailure = { readonly kind: string; readonly percentage: number; readonly [option: string]: unknown };

/** Where the numbers of a fitted profile come from, and how well they stand for it. */
export type FitNote = {
  /** Files, or a node. */
  readonly source: string;
  /** When it was fitted, as `2026-11-27`. */
  readonly date: string;
  /** First and last call, where they say when they were. */
  readonly period?: string | undefined;
  /** Calls that ended well. */
  readonly calls: number;
  readonly measures: Readonly<Record<string, FitError>>;
};

/** How far a distribution is from its data; of what was held back where that was enough, else of all. */
export type FitError = {
  readonly n: number;
  readonly kind: Distribution["kind"];
  /** Wasserstein distance, as a share of the mean. */
  readonly w1: number;
  /** Kolmogorov–Smirnov distance, 0 to 1. */
  readonly ks: number;
};

/** A distribution of non-negative numbers. */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly min: number; readonly max: number }
  | { readonly kind: "lognormal"; readonly p50: number; readonly p99: number; readonly shift?: number | undefined }
  | { readonly kind: "gamma"; readonly mean: number; readonly shape: number }
  | {
      readonly kind: "mixture";
      /** 0 … 1, of draws that come from `second`. */
      readonly share: number;
      readonly first: Lognormal;
      readonly second: Lognormal;
    }
  | { readonly kind: "quantiles"; readonly table: readonly (readonly [q: number, value: number])[] };

/** A part of a mixture. */
export type Lognormal = { readonly p50: number; readonly p99: number };

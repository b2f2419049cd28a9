import type { PromptCache } from "../simulator/prompt-cache.ts";
import type { Observation } from "./types.ts";

/** What calls do not tell: how long a provider keeps a beginning that nobody asks for. Five minutes is what providers say at least. */
const assumedTtlMs = 300_000;

/**
 * How a provider keeps the beginnings of prompts, as its counts of cached tokens show it. By how much they make its first token
 * sooner is for TTFT by prompt to say, which counts what no cache had.
 *
 * @param least calls with cached tokens, below which nothing is said
 */
export function promptCacheOf(calls: readonly Observation[], least: number): PromptCache | undefined {
  const cached = calls.flatMap(({ cachedTokens = 0 }) => (cachedTokens > 0 ? [cachedTokens] : []));
  if (cached.length < least) return undefined;
  return {
    minTokens: cached.reduce((a, b) => Math.min(a, b)),
    blockTokens: cached.reduce(commonDivisor),
    ttlMs: assumedTtlMs,
  };
}

/** Providers that cut prompts into blocks tell multiples of them. */
function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

import type { RateResult } from "./rates.ts";

/** Requests and tokens per minute by key, the same for all nodes. */
export type SharedRates = {
  /**
   * Takes one request and its tokens from a key's allowance, or nothing at all.
   *
   * @returns in a bounded time; never rejects
   */
  take(keyIndex: number, tokens: number): Promise<RateResult>;
  /** Takes tokens that were known only afterwards. */
  settle(keyIndex: number, extraTokens: number): void;
};

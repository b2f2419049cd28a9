/** What a model costs, in US dollars per million tokens. */
export type TokenPrices = {
  readonly input: number;
  /** Input that the provider's cache had; that of `input` when absent. */
  readonly cachedInput?: number | undefined;
  /** Input that was put into the cache; that of `input` when absent. */
  readonly cacheWrite?: number | undefined;
  readonly output: number;
};

/** The prices of one model, and where they are from. */
export type ModelPrice = TokenPrices & {
  /** What a request costs whose prompt has more than so many tokens. */
  readonly longPrompt?: (TokenPrices & { readonly aboveTokens: number }) | undefined;
  /** URL of the page that says so. */
  readonly source?: string | undefined;
  /** The day on which it said so, as 2026-11-27. */
  readonly date?: string | undefined;
};

/** Prices by the names of models. */
export type PriceTable = Readonly<Record<string, ModelPrice>>;

/** The tokens of one call. */
export type PricedTokens = {
  /** All of them, those of the cache included. */
  readonly prompt: number;
  /** Those of them that the cache had. */
  readonly cached: number;
  /** Those of them that were put there. */
  readonly written: number;
  readonly output: number;
};

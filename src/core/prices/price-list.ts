import type { ModelPrice, PricedTokens, PriceTable, TokenPrices } from "./types.ts";

/** Prices as they are asked for. */
export type PriceList = {
  /**
   * The price of a model: by its name, or by its name without the date at the end, as in `gpt-4o-2024-08-06`.
   *
   * @returns undefined where there is none
   */
  find(model: string): ModelPrice | undefined;
  /** What stands for a model without a price: the highest prices of all. */
  readonly highest: TokenPrices;
};

const dateAtEnd = /-(?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** Makes a list of a table. */
export function createPriceList(table: PriceTable): PriceList {
  const byName = new Map(Object.entries(table));
  const all = Object.values(table).flatMap((price) => [price, price.longPrompt ?? price]);
  const max = (of: (price: TokenPrices) => number): number => Math.max(0, ...all.map(of));
  return {
    find: (model) => byName.get(model) ?? byName.get(model.replace(dateAtEnd, "")),
    highest: { input: max((price) => price.cacheWrite ?? price.input), output: max(({ output }) => output) },
  };
}

const perMillion = 1_000_000;

/**
 * What a call costs, in US dollars.
 *
 * @param tokens what its usage tells; `cached` and `written` together are no more than `prompt`
 */
export function costOf(price: TokenPrices & Pick<ModelPrice, "longPrompt">, tokens: PricedTokens): number {
  const { prompt, cached, written, output } = tokens;
  const { longPrompt } = price;
  const at = longPrompt !== undefined && prompt > longPrompt.aboveTokens ? longPrompt : price;
  const fresh = Math.max(0, prompt - cached - written);
  const dollars =
    fresh * at.input +
    cached * (at.cachedInput ?? at.input) +
    written * (at.cacheWrite ?? at.input) +
    output * at.output;
  return dollars / perMillion;
}

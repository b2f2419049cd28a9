import { expect, test } from "vitest";
import { costOf, createPriceList } from "../../../../src/core/prices/price-list.ts";

const list = createPriceList({
  "gpt-4o": { input: 2.5, cachedInput: 1.25, output: 10 },
  "gpt-4o-mini": { input: 0.15, output: 0.6 },
  "claude-sonnet-4-5": { input: 3, cachedInput: 0.3, cacheWrite: 3.75, output: 15 },
  "gemini-2.5-pro": { input: 1.25, output: 10, longPrompt: { aboveTokens: 200_000, input: 2.5, output: 15 } },
});
const million = 1_000_000;

test.each([
  ["gpt-4o", 2.5],
  ["gpt-4o-2024-08-06", 2.5],
  ["gpt-4o-mini-2024-07-18", 0.15],
  ["claude-sonnet-4-5-20250929", 3],
  ["gpt-4o-audio", undefined],
  ["GPT-4o", undefined],
])("the price of %s is found by its name, with or without a date", (model, input) => {
  expect(list.find(model)?.input).toBe(input);
});

test("cached tokens, and those that are put into the cache, have prices of their own", () => {
  const price = list.find("claude-sonnet-4-5")!;
  expect(costOf(price, { prompt: million, cached: 0, written: 0, output: 0 })).toBe(3);
  expect(costOf(price, { prompt: million, cached: million, written: 0, output: 0 })).toBe(0.3);
  expect(costOf(price, { prompt: million, cached: 0, written: million, output: 0 })).toBe(3.75);
  expect(costOf(price, { prompt: 0, cached: 0, written: 0, output: million })).toBe(15);
});

test("without such prices they cost what other tokens do", () => {
  expect(costOf(list.find("gpt-4o-mini")!, { prompt: million, cached: million / 2, written: 0, output: 0 })).toBe(0.15);
});

test("all of a request with a long prompt has other prices", () => {
  const price = list.find("gemini-2.5-pro")!;
  expect(costOf(price, { prompt: 200_000, cached: 0, written: 0, output: million })).toBe(10.25);
  expect(costOf(price, { prompt: 200_001, cached: 0, written: 0, output: million })).toBeCloseTo(15.5, 4);
});

test("the highest prices are those of whatever model and token, which is nothing where there are no prices", () => {
  expect(list.highest).toEqual({ input: 3.75, output: 15 });
  expect(createPriceList({}).highest).toEqual({ input: 0, output: 0 });
});

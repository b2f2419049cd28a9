import { z } from "zod";

const usd = z.number().min(0).max(1e6);

const prices = {
  input: usd.describe("Price of a million tokens of the prompt"),
  cachedInput: usd
    .optional()
    .describe("Price of a million tokens of the prompt that the provider's cache had; default: `input`"),
  cacheWrite: usd
    .optional()
    .describe("Price of a million tokens of the prompt that were put into the cache; default: `input`"),
  output: usd.describe("Price of a million tokens of the response, reasoning included"),
};

const modelPrice = z.strictObject({
  ...prices,
  longPrompt: z
    .strictObject({
      aboveTokens: z.int().min(1).describe("Prompts of more tokens than these have the prices that follow"),
      ...prices,
    })
    .optional()
    .describe("What a request costs, all of it, whose prompt is long; default: the same"),
  source: z.url().optional().describe("URL of the page that says so; has no effect"),
  date: z.iso.date().optional().describe("Day on which it said so; has no effect"),
});

/** A file of prices. */
export const pricesSchema = z.strictObject({
  currency: z.literal("USD").describe("The currency of all prices; there is only one"),
  models: z
    .record(z.string().min(1), modelPrice)
    .describe("Prices by the name of the model, without a date at its end"),
});

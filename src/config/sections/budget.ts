import { z } from "zod";
import { budgetKinds } from "../../core/budgets/windows.ts";

const maxCount = 1e12;
const maxUsd = 1e5;

/** What may be spent at one upstream. */
export const budgetSchema = z
  .strictObject({
    callsPerHour: z
      .int()
      .min(1)
      .max(maxCount)
      .optional()
      .describe("Max calls that are sent in an hour, copies of mirrors included; default: no limit"),
    tokensPerDay: z
      .int()
      .min(1)
      .max(maxCount)
      .optional()
      .describe("Max tokens in a day, prompts and responses together; default: no limit"),
    usdPerDay: z
      .number()
      .gt(0)
      .max(maxUsd)
      .optional()
      .describe("Max cost in a day, in US dollars, by the prices of `budgets.prices`; default: no limit"),
    whenSpent: z
      .enum(["simulate", "fail"])
      .default("fail")
      .describe("What calls get once it is spent: a simulated response, or 429 as for a used-up quota (`fail`)"),
  })
  .refine((budget) => budgetKinds.some((kind) => budget[kind] !== undefined), {
    error: `must have at least one of ${budgetKinds.join(", ")}`,
  });

/** What all budgets share. */
export const budgets = z
  .strictObject({
    prices: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File with prices of models, relative to this file; a model that is in it has these instead of those that come with the program",
      ),
    file: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File in which it is kept across restarts what is spent, relative to this file; default: it is forgotten with the process",
      ),
  })
  .prefault({})
  .describe("Prices of models, and what is kept of budgets");

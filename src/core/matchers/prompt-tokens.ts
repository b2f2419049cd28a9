import { z } from "zod";
import type { Matcher } from "./types.ts";

type Range = { readonly min?: number | undefined; readonly max?: number | undefined };

const bound = z.int().min(0).optional();

const value: z.ZodType<Range> = z
  .strictObject({ min: bound.describe("Min prompt tokens"), max: bound.describe("Max prompt tokens") })
  .check(({ value: range, issues }) => {
    const { min = 0, max = Infinity } = range;
    if (min > max) issues.push({ code: "custom", message: `min ${min} is greater than max ${max}`, input: range });
  });

/** Asks how long the prompt is; both bounds belong to the range. */
export const promptTokens: Matcher<Range> = {
  name: "promptTokens",
  summary: "Length of the prompt, in tokens; never true for a request of which no body is read",
  value,
  covers: (wide, narrow) => (wide.min ?? 0) <= (narrow.min ?? 0) && (wide.max ?? Infinity) >= (narrow.max ?? Infinity),
  excludes: (one, other) => (one.min ?? 0) > (other.max ?? Infinity) || (other.min ?? 0) > (one.max ?? Infinity),
  compile: ({ min = 0, max = Infinity }) => [
    {
      name: "promptTokens",
      expected: max === Infinity ? `at least ${min}` : `${min} to ${max}`,
      test(call) {
        const tokens = call.facts.promptTokens();
        return tokens !== undefined && tokens >= min && tokens <= max;
      },
      seen: (call) => String(call.facts.promptTokens() ?? "(unknown)"),
    },
  ],
};

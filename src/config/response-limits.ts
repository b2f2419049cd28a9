import { z } from "zod";

/** The most that `maxOutputTokens` may be: streams of more tokens would not fit in the memory of one thread. */
const maxOutputTokensLimit = 5_000_000;

/** What bounds one simulated answer. */
export const responseLimits = z.strictObject({
  maxOutputTokens: z
    .int()
    .min(1)
    .max(maxOutputTokensLimit)
    .default(250_000)
    .describe(
      "Most tokens of one simulated answer, all its choices together; a larger one gets 400. Each takes 300 to 550 bytes until it is streamed",
    ),
});

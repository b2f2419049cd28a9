import { z } from "zod";

/** The max of `maxOutputTokens`: streams of more tokens would not fit in the memory of one thread. */
const maxOutputTokensLimit = 5_000_000;

/** What limits the size of one simulated response. */
export const responseLimits = z.strictObject({
  maxOutputTokens: z
    .int()
    .min(1)
    .max(maxOutputTokensLimit)
    .default(250_000)
    .describe(
      "Max tokens of one simulated response, all choices together; a larger one gets 400. Each takes 300 to 550 bytes until it is streamed",
    ),
});

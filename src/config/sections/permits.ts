import { z } from "zod";

/** How many calls run at once, and how many wait. */
export const permits = z.strictObject({
  max: z.int().min(1).default(20_000).describe("Max concurrent calls on this node"),
  queue: z.int().min(0).default(1000).describe("Max calls that wait for a permit; one more gets 503"),
  queueTimeoutMs: z
    .int()
    .min(0)
    .default(2000)
    .describe("Timeout of the wait for a permit, in milliseconds; then 503 with retry-after"),
});

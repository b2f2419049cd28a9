import { z } from "zod";

/** `clients` of the configuration: what is watched of those who call. */
export const clients = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe("Whether it is counted what clients do: retries, waits, giving up; `attempt` of rules works without"),
  windowMs: z
    .int()
    .min(1000)
    .max(3_600_000)
    .default(60_000)
    .describe(
      "How long a failed attempt waits for the next one, beyond what `retry-after` asked; after that its client has given up. In milliseconds",
    ),
});

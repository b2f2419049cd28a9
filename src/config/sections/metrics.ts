import { z } from "zod";

/** How calls are counted. */
export const metrics = z.strictObject({
  perKey: z
    .int()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      "Number of API keys, the first of `auth.keys`, that have counters of their own; 0: no metric tells keys apart",
    ),
});

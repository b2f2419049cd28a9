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
  exemplars: z
    .boolean()
    .default(false)
    .describe(
      "Whether the histograms of request duration and of time to first token have exemplars: for each bucket the request id, and the trace id, of the latest call, shown in OpenMetrics",
    ),
});

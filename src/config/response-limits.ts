import { z } from "zod";

/** The max of `maxOutputTokens`: streams of more tokens would not fit in the memory of one thread. */
const maxOutputTokensLimit = 5_000_000;

/** What keeps a node alive under any load. */
export const responseLimits = z.strictObject({
  maxOutputTokens: z
    .int()
    .min(1)
    .max(maxOutputTokensLimit)
    .default(250_000)
    .describe(
      "Max tokens of one simulated response, all choices together; a larger one gets 400. Each takes 90 to 650 bytes until it is streamed",
    ),
  overload: z
    .enum(["refuse", "off"])
    .default("refuse")
    .describe(
      "What requests get that waited longer than `maxLagMs` in an overloaded node: 503, after which their connection is not read for a while, or their response",
    ),
  maxLagMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(50)
    .describe(
      "Max length of one turn of the event loop, in milliseconds; after three longer ones the node is overloaded",
    ),
  plannedBytes: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Max memory of this node for large request bodies, and for responses that wait for their time or for their client, in bytes; a call that does not fit gets 503. Each worker has an equal share. Default: half of the heap limit of each worker",
    ),
});

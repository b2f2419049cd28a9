import { z } from "zod";
import { defaultMaxDurationMs } from "../core/experiments/definition.ts";

/** `chaos` of the configuration. */
export const chaos = z.strictObject({
  maxDurationMs: z
    .int()
    .min(1000)
    .default(defaultMaxDurationMs)
    .describe("Max time that an experiment may last, in milliseconds"),
});

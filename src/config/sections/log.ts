import { z } from "zod";

/** What is logged, and how. */
export const log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info").describe("Minimum log level"),
  time: z
    .enum(["epoch", "iso"])
    .default("epoch")
    .describe("Form of `time` in log lines: milliseconds since 1970, or ISO 8601 in UTC"),
});

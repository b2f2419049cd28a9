import { z } from "zod";

const perMinute = z.int().min(1).optional();

/** What gets a copy of each call of a rule, and how many of them. */
const toUpstream = z.strictObject({
  upstream: z.string().describe("Name of the upstream that gets a copy; its response is measured and thrown away"),
  percentage: z
    .number()
    .min(0)
    .max(100)
    .default(100)
    .describe("Percentage of the calls of this rule that are copied, drawn by request id"),
  maxPerMinute: perMinute.describe("Max copies per minute, of the whole node; default: no limit"),
  maxTokensPerMinute: perMinute.describe(
    "Max tokens of copies per minute, prompt and response together, of the whole node; default: no limit",
  ),
  stripStore: z
    .boolean()
    .default(false)
    .describe("Whether `store` is taken out of the copied body, and set to false for the Responses API"),
  stripUser: z
    .boolean()
    .default(true)
    .describe(
      "Whether `user`, `safety_identifier`, `prompt_cache_key` and `metadata` are taken out of the copied body, which tell who asks",
    ),
  deadlineMs: z
    .int()
    .min(1)
    .default(120_000)
    .describe("Max time that a copy may take, its wait included, in milliseconds; then it is aborted"),
  maxConcurrent: z.int().min(1).default(32).describe("Max concurrent copies of this rule in each event loop"),
  queue: z
    .int()
    .min(0)
    .default(100)
    .describe("Max copies of this rule that wait in each event loop; one more is dropped"),
});

/** What is measured beside the served response. */
export const mirrorSchema = z.union([z.literal("simulate"), toUpstream], { error: "must be simulate or an object" });

import { z } from "zod";
import { faultSchema } from "../../core/faults/index.ts";
import { maxPlaces } from "../../core/simulator/batching.ts";
import { distributionSchema } from "../../core/simulator/distribution-schema.ts";
import type {
  DecodeRow,
  Engine,
  FitError,
  FitNote,
  LoadRow,
  Profile,
  ProfileFailure,
  PromptRow,
} from "../../core/simulator/types.ts";

const amount = z.number().min(0);
const percentage = z.number().min(0).max(100);

const loadRow: z.ZodType<LoadRow> = z
  .strictObject({
    inFlight: amount,
    ttft: amount.optional(),
    itl: amount.optional(),
    ttftMs: distributionSchema.optional(),
    itlMs: distributionSchema.optional(),
  })
  .check(({ value, issues }) => {
    for (const measure of ["ttft", "itl"] as const) {
      if (value[measure] !== undefined || value[`${measure}Ms`] !== undefined) continue;
      issues.push({
        code: "custom",
        message: `is required and must be a number, or ${measure}Ms a distribution`,
        path: [measure],
        input: value,
      });
    }
  })
  .transform((row) => ({ ...row, ttft: row.ttft ?? 1, itl: row.itl ?? 1 }));

/** Rows that must rise in one member. */
function rising<Row extends object>(row: z.ZodType<Row>, by: string, valueOf: (row: Row) => number): z.ZodType<Row[]> {
  return z.array(row).check(({ value: rows, issues }) => {
    let before = -1;
    for (const [index, each] of rows.entries()) {
      const value = valueOf(each);
      if (value <= before) {
        const message = `must be larger than ${before} of the row before, got ${value}`;
        issues.push({ code: "custom", message, path: [index, by], input: value });
      }
      before = value;
    }
  });
}

const promptRow: z.ZodType<PromptRow> = z.strictObject({ fromTokens: amount, ttftMs: distributionSchema });

const failure: z.ZodType<ProfileFailure> = faultSchema
  .refine(({ percentage }) => percentage !== undefined, {
    path: ["percentage"],
    error: "is required and must be a number: the share of the calls",
  })
  .transform(({ percentage = 0, ...fault }) => ({ ...fault, percentage }));

const decodeRow: z.ZodType<DecodeRow> = z.strictObject({ sequences: amount, ms: distributionSchema });

const engine: z.ZodType<Engine> = z.strictObject({
  prefillTokensPerSecond: z.number().positive(),
  maxBatchTokens: z.int().min(1).default(8192),
  maxSequences: z.int().min(1).max(maxPlaces).default(256),
  kvCacheTokens: z.int().min(1).optional(),
  decodeMs: z.union(
    [
      rising(decodeRow, "sequences", ({ sequences }) => sequences).check(z.minLength(1)),
      distributionSchema.transform((ms): DecodeRow[] => [{ sequences: 1, ms }]),
    ],
    { error: "must be a distribution, or rows of sequences and ms" },
  ),
});

const fitError: z.ZodType<FitError> = z.strictObject({
  n: amount,
  kind: z.enum(["constant", "uniform", "lognormal", "gamma", "mixture", "quantiles"]),
  w1: amount,
  ks: amount.max(1),
});

const fitNote: z.ZodType<FitNote> = z.strictObject({
  source: z.string(),
  date: z.string(),
  period: z.string().optional(),
  calls: amount,
  measures: z.record(z.string(), fitError),
});

/** One profile file; `sources` says of every number where it comes from. */
export const profileSchema: z.ZodType<Profile> = z
  .strictObject({
    name: z.string().regex(/^[\w.-]+$/, "must be letters, digits, dots, dashes and underscores"),
    description: z.string().default(""),
    models: z.array(z.string().min(1)).default([]),
    sources: z.record(z.string(), z.string()).default({}),
    ttftMs: distributionSchema,
    ttftByPrompt: rising(promptRow, "fromTokens", ({ fromTokens }) => fromTokens).optional(),
    itlMs: distributionSchema,
    itlCorrelation: z.number().gt(-1).lt(1).optional(),
    stalls: z.strictObject({ percentage, per: z.enum(["gap", "stream"]), ms: distributionSchema }).optional(),
    tokensPerEvent: distributionSchema.optional(),
    outputTokens: distributionSchema,
    outputTokensByOperation: z.record(z.string(), distributionSchema).optional(),
    prefill: z
      .strictObject({ freePromptTokens: amount, msPer1000Tokens: amount })
      .default({ freePromptTokens: 0, msPer1000Tokens: 0 }),
    head: z.enum(["at-once", "first-token"]).optional(),
    load: rising(loadRow, "inFlight", ({ inFlight }) => inFlight).default([]),
    promptCache: z
      .strictObject({ minTokens: z.int().min(1), blockTokens: z.int().min(1).default(128), ttlMs: z.int().min(1000) })
      .optional(),
    engine: engine.optional(),
    failures: z.array(failure).optional(),
    fit: fitNote.optional(),
  })
  .check(({ value: { failures = [] }, issues }) => {
    const sum = failures.reduce((total, { percentage }) => total + percentage, 0);
    if (sum <= 100) return;
    const message = `the percentages add up to ${sum}, but a call has one failure at most`;
    issues.push({ code: "custom", message, path: ["failures"], input: failures });
  })
  .check(({ value: { engine, load, ttftByPrompt }, issues }) => {
    if (engine === undefined) return;
    const message = "cannot be combined with an engine, from which the load follows";
    if (load.length > 0) issues.push({ code: "custom", message, path: ["load"], input: load });
    if (ttftByPrompt !== undefined)
      issues.push({ code: "custom", message, path: ["ttftByPrompt"], input: ttftByPrompt });
  })
  .check(({ value: { ttftByPrompt, load }, issues }) => {
    if (ttftByPrompt === undefined || !load.some(({ ttftMs }) => ttftMs !== undefined)) return;
    const message = "cannot be combined with the ttftMs of a row of load";
    issues.push({ code: "custom", message, path: ["ttftByPrompt"], input: ttftByPrompt });
  });

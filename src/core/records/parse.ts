import { z } from "zod";
import { issueTexts } from "../issues.ts";
import type { TrafficRecord } from "./types.ts";

const count = z.int().min(0);
const ms = z.number().min(0);
const names = z.array(z.string());
const ending = z.enum(["finish", "cut", "reset", "stall"]);

const timing = {
  ttftMs: ms.optional(),
  totalMs: ms,
  outputTokens: count,
  gapsMs: z.array(ms),
};

/** The last that a calendar has. */
const lastMs = 8.64e15;

const schema: z.ZodType<TrafficRecord> = z.object({
  time: ms.max(lastMs),
  id: z.string(),
  model: z.string().optional(),
  dialect: z.string().optional(),
  operation: z.string().optional(),
  stream: z.boolean(),
  key: z.string().optional(),
  rule: z.string(),
  mode: z.enum(["real", "simulated", "replayed", "fault", "own"]),
  upstream: z.string().optional(),
  profile: z.string().optional(),
  faults: names.optional(),
  experiments: names.optional(),
  standIn: z.literal(true).optional(),
  observed: z.literal(true).optional(),
  overridden: z.literal(true).optional(),
  attempt: count.optional(),
  status: count,
  ending: z.enum([...ending.options, "client-gone"]),
  cause: z.string().optional(),
  promptTokens: count.optional(),
  cachedTokens: count.optional(),
  costUsd: ms.optional(),
  inFlight: count.optional(),
  queueMs: ms,
  actual: z.object(timing),
  planned: z.object(timing).optional(),
  mirror: z
    .object({
      ...timing,
      from: z.enum(["simulator", "upstream"]),
      name: z.string(),
      status: count.optional(),
      ending: ending.optional(),
    })
    .optional(),
});

/** A line of a file of records: the record, or why it is none. */
export type ParsedLine =
  | { readonly ok: true; readonly record: TrafficRecord }
  | { readonly ok: false; readonly reason: string; readonly isJson: boolean };

/** Reads one line of a file of records; members that a record does not have are left out. */
export function parseRecord(line: string): ParsedLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, reason: "is no JSON", isJson: false };
  }
  const { data, error } = schema.safeParse(value, { reportInput: true });
  if (data !== undefined) return { ok: true, record: data };
  const [first = "is no record"] = issueTexts(error, { allowed: [] });
  return { ok: false, reason: `is no record: ${first}`, isJson: true };
}

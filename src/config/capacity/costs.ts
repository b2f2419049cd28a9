import { z } from "zod";

const text = z.string().min(1);

/** Ten seconds of CPU: no call takes more. */
const maxMicros = 1e7;

/** A file with what calls cost a machine. */
export const costsSchema = z.strictObject({
  machine: text,
  measured: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day such as 2026-11-24"),
  requestMicros: z.number().positive().max(maxMicros),
  tokenMicros: z.number().positive().max(maxMicros),
  contentionPercentage: z.number().min(0).max(100),
  contentionCores: z.int().min(1),
  pauseMs: z.number().min(0).max(60_000),
  responseBytes: z.int().min(1),
  tokenBytes: z.int().min(1),
});

import { z } from "zod";

const text = z.string().min(1);

/** A file with what calls cost a machine. */
export const costsSchema = z.strictObject({
  machine: text,
  measured: z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "must be a day such as 2026-11-24"),
  requestMicros: z.number().positive(),
  tokenMicros: z.number().positive(),
  contentionPercentage: z.number().min(0).max(100),
  contentionCores: z.int().min(1),
  pauseMs: z.number().min(0),
  responseBytes: z.int().min(1),
  tokenBytes: z.int().min(1),
});

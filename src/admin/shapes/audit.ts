import { z } from "zod";
import type { AuditEntry } from "../audit.ts";
import { describes } from "./describes.ts";
import { brokenGuardrail } from "./experiments.ts";

/** One change that was made while a node runs. */
export const auditEntry = describes<AuditEntry>()(
  z.object({
    at: z.iso.datetime(),
    what: z.string().describe("Such as `started`, `reply added` or `configuration applied`"),
    by: z.string().describe("Who made the change"),
    from: z.string().optional().describe("Address of the client"),
    number: z.int().describe("Counts the entries, from 1"),
    id: z.string().optional().describe("Of what was changed"),
    experiment: z.string().optional().describe("Name of the experiment"),
    broken: brokenGuardrail.optional(),
    upstream: z.string().optional(),
    state: z.string().optional(),
    generation: z.int().optional().describe("Number of the configuration that is in force then"),
    hash: z.string().optional(),
    count: z.int().optional().describe("How many things were changed"),
  }),
);

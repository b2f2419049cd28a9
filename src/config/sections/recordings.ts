import { z } from "zod";

const folder = z.string().min(1);

/** `record` of a rule. */
export const recordSchema = z.strictObject({
  dir: folder.describe("Folder for the recordings, relative to this file; made when the first one is written"),
  percentage: z.number().min(0).max(100).default(100).describe("Percentage of the forwarded calls of the rule"),
  bodies: z
    .boolean()
    .default(false)
    .describe("Whether the body of the request is written, too, with credentials masked"),
  maxBytes: z
    .int()
    .min(1)
    .default(16 * 1024 * 1024)
    .describe("Max size of the response in one recording, in bytes; a longer one is not kept"),
});

/** `replay` of a rule. */
export const replaySchema = z.strictObject({
  dir: folder.describe("Folder with the recordings, relative to this file; read again when files are added or removed"),
  match: z
    .enum(["exact", "semantic-fields", "any"])
    .default("semantic-fields")
    .describe(
      "What a request must have in common with that of a recording, besides the operation and whether it streams",
    ),
  timing: z
    .enum(["verbatim", "scaled", "profile", "instant"])
    .default("verbatim")
    .describe("When events leave: as recorded, the same by `speed`, as a latency profile says, or at once"),
  speed: z
    .number()
    .gt(0)
    .optional()
    .describe("With `timing: scaled`, how many times faster than recorded; required there"),
  ids: z
    .enum(["fresh", "verbatim"])
    .default("fresh")
    .describe("Whether ids, request ids and times of creation are made anew, or those of the recording"),
  onMiss: z.literal(["forward", "simulate", 404]).default(404).describe("What a call gets that fits no recording"),
});

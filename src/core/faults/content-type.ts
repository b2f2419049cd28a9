import { z } from "zod";
import { headWith, withHead } from "./engine/head.ts";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({
  value: z
    .string()
    .regex(/^[\u0020-\u007e]+$/, "must be ASCII")
    .optional()
    .describe("what the header says instead; by default `text/html; charset=utf-8`"),
});

/** Says that a response is of another type than it is. */
export const contentType: Fault<z.infer<typeof options>> = {
  kind: "content-type",
  summary: "Sends the response with a wrong content-type.",
  options,
  bend: ({ value = "text/html; charset=utf-8" }, next, context) =>
    withHead(next, context, (head) => headWith(head, "content-type", value)),
};

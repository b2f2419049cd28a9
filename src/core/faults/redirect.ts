import { z } from "zod";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({
  status: z
    .literal([301, 302, 303, 307, 308])
    .optional()
    .describe("HTTP status of the redirect: 301, 302 (default), 303, 307 or 308"),
  location: z
    .string()
    .regex(/^[\u0021-\u007e]+$/, "must be a URL or a path, in ASCII and without blanks")
    .optional()
    .describe("where it leads; by default to the path of the request itself, which is a loop"),
});

/** Responds with a redirect, as a gateway with a login or a moved endpoint does; the source is not asked. */
export const redirect: Fault<z.infer<typeof options>> = {
  kind: "redirect",
  summary: "Responds with a redirect.",
  options,
  respond({ status = 302, location }, context) {
    context.fired();
    const headers = ["location", location ?? context.target, context.dialect.requestIdHeader, context.requestId];
    return { head: { status, headers }, headAtMs: 0, frames: [], ending: "finish", endAtMs: 0 };
  },
};

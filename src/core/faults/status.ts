import { z } from "zod";
import type { Fault } from "./types.ts";

const options = z.strictObject({
  status: z.number().int().min(400).max(599).describe("HTTP status of the answer"),
  message: z.string().optional().describe("replaces the provider's usual message"),
  retryAfterSeconds: z.number().int().min(0).optional().describe("sent as `retry-after`"),
});

/** Answers with an error status, in the provider's body and headers; the source is not asked. */
export const status: Fault<z.infer<typeof options>> = {
  kind: "status",
  summary: "Answers with an error status, in the provider's body and headers.",
  options,
  replace({ status, message, retryAfterSeconds }, context) {
    context.fired();
    const { dialect, model, requestId, target } = context;
    const told = message === undefined ? {} : { message };
    const { head, body } = dialect.failure({ status, ...told, retryAfterSeconds, model, requestId, target });
    return {
      head,
      headAtMs: 0,
      frames: [{ atMs: 0, data: body, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 0,
    };
  },
};

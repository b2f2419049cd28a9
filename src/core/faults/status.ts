import { z } from "zod";
import type { Fault } from "./types.ts";

const options = z.strictObject({
  status: z.int().min(400).max(599).describe("HTTP status to answer with"),
  message: z.string().optional().describe("Replaces the provider's usual message"),
  retryAfterSeconds: z.int().min(0).optional().describe("Value of the retry-after header"),
});

/** Answers with an error status, the provider's body and headers, instead of asking the source. */
export const status: Fault<z.infer<typeof options>> = {
  kind: "status",
  summary: "Answers with an error status and the provider's body; the source is not asked",
  options,
  replace({ status, message, retryAfterSeconds }, { dialect, model, requestId, fired }) {
    fired();
    const failure = { status, model, requestId, retryAfterSeconds, ...(message === undefined ? {} : { message }) };
    const { head, body } = dialect.failure(failure);
    return {
      head,
      headAtMs: 0,
      frames: [{ atMs: 0, data: body, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 0,
    };
  },
};

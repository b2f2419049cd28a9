import { z } from "zod";
import type { Head } from "../types.ts";
import type { Fault } from "./types.ts";

const options = z.strictObject({
  status: z.number().int().min(400).max(599).describe("HTTP status of the answer"),
  message: z.string().optional().describe("replaces the provider's usual message"),
  retryAfterSeconds: z.number().int().min(0).optional().describe("sent as `retry-after`"),
  lookAlike: z
    .enum(["quota", "too-large"])
    .optional()
    .describe("a 429 that no client should try again: the credit is used up, or the request alone is above the limit"),
  shouldRetry: z
    .boolean()
    .optional()
    .describe("sent as `x-should-retry`, which official clients obey before the status"),
});

/** Answers with an error status, in the provider's body and headers; the source is not asked. */
export const status: Fault<z.infer<typeof options>> = {
  kind: "status",
  summary: "Answers with an error status, in the provider's body and headers.",
  options,
  replace({ status, message, retryAfterSeconds, lookAlike, shouldRetry }, context) {
    context.fired();
    const { dialect, model, requestId, nowMs } = context;
    const told = message === undefined ? {} : { message };
    const failure = { status, ...told, retryAfterSeconds, lookAlike, model, requestId, nowMs };
    const { head, body } = dialect.failure(failure);
    return {
      head: shouldRetry === undefined ? head : hinted(head, shouldRetry),
      headAtMs: 0,
      frames: [{ atMs: 0, data: body, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 0,
    };
  },
};

/** The head with the hint in place of the provider's own. */
function hinted({ status, headers }: Head, shouldRetry: boolean): Head {
  const name = "x-should-retry";
  const others = headers.filter((_, index) => headers[index - (index % 2)] !== name);
  return { status, headers: [...others, name, String(shouldRetry)] };
}

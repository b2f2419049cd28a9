import { z } from "zod";
import type { Head } from "../../types.ts";
import type { FaultContext } from "./types.ts";

/** The options of a fault that gives a whole error response. */
export const failureOptions = z.strictObject({
  status: z.number().int().min(400).max(599).describe("HTTP status of the response"),
  message: z.string().optional().describe("replaces the provider's usual message"),
  retryAfterSeconds: z.number().int().min(0).optional().describe("sent as `retry-after`"),
  variant: z
    .enum(["quota", "too-large"])
    .optional()
    .describe("a 429 that no client should try again: the credit is used up, or the request alone is above the limit"),
  shouldRetry: z
    .boolean()
    .optional()
    .describe("sent as `x-should-retry`, which official clients obey before the status"),
});

export type FailureOptions = z.infer<typeof failureOptions>;

/** That error in the provider's headers and body. */
export function failureOf(options: FailureOptions, context: FaultContext): { head: Head; body: string } {
  const { status, message, retryAfterSeconds, variant, shouldRetry } = options;
  const { dialect, model, requestId, nowMs, target } = context;
  const told = message === undefined ? {} : { message };
  const failure = { status, ...told, retryAfterSeconds, variant, model, requestId, nowMs, target };
  const { head, body } = dialect.failure(failure);
  return { head: shouldRetry === undefined ? head : hinted(head, shouldRetry), body };
}

/** The head with the hint in place of the provider's own. */
function hinted({ status, headers }: Head, shouldRetry: boolean): Head {
  const name = "x-should-retry";
  const others = headers.filter((_, index) => headers[index - (index % 2)] !== name);
  return { status, headers: [...others, name, String(shouldRetry)] };
}

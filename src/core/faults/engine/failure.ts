import { z } from "zod";
import { headerValue, keepHeaders } from "../../headers.ts";
import { headWith } from "./head.ts";
import type { Head } from "../../types.ts";
import type { FaultContext } from "./types.ts";

/** The options of a fault that gives a whole error response. */
export const failureOptions = z
  .strictObject({
    status: z.number().int().min(400).max(599).describe("HTTP status of the response"),
    message: z.string().optional().describe("replaces the provider's usual message"),
    retryAfterSeconds: z.number().int().min(0).optional().describe("sent as `retry-after`"),
    retryAfterAs: z
      .enum(["seconds", "milliseconds", "date", "negative", "words", "absent"])
      .optional()
      .describe(
        "how the time is told: in seconds (default), as `retry-after-ms`, as a date, below 0, in words, or not at all",
      ),
    variant: z
      .enum(["quota", "too-large"])
      .optional()
      .describe(
        "a 429 that no client should try again: the credit is used up, or the request alone is above the limit",
      ),
    shouldRetry: z
      .boolean()
      .optional()
      .describe("sent as `x-should-retry`, which official clients obey before the status"),
  })
  .refine(({ retryAfterSeconds, retryAfterAs }) => retryAfterSeconds === undefined || retryAfterAs !== "absent", {
    error: "retryAfterSeconds has no effect where retryAfterAs is absent",
  });

export type FailureOptions = z.infer<typeof failureOptions>;

/** That error in the provider's headers and body. */
export function failureOf(options: FailureOptions, context: FaultContext): { head: Head; body: string } {
  const { status, message, retryAfterSeconds, retryAfterAs, variant, shouldRetry } = options;
  const { dialect, model, requestId, nowMs, target } = context;
  const told = message === undefined ? {} : { message };
  const failure = { status, ...told, retryAfterSeconds, variant, model, requestId, nowMs, target };
  const { head: usual, body } = dialect.failure(failure);
  const head = retryAfterAs === undefined ? usual : toldAs(usual, retryAfterAs, nowMs);
  return { head: shouldRetry === undefined ? head : headWith(head, "x-should-retry", String(shouldRetry)), body };
}

type TellAs = NonNullable<FailureOptions["retryAfterAs"]>;

/** The head with the time after which to come again told in another way; a second where the provider tells none. */
function toldAs(head: Head, as: TellAs, nowMs = 0): Head {
  const seconds = Number(headerValue(head.headers, "retry-after") ?? 1);
  const others = keepHeaders(head.headers, (name) => name !== "retry-after" && name !== "retry-after-ms");
  const bare: Head = { ...head, headers: others };
  switch (as) {
    case "seconds":
      return headWith(bare, "retry-after", String(seconds));
    case "milliseconds":
      return headWith(bare, "retry-after-ms", String(seconds * 1000));
    case "date":
      return headWith(bare, "retry-after", new Date((Math.ceil(nowMs / 1000) + seconds) * 1000).toUTCString());
    case "negative":
      return headWith(bare, "retry-after", String(-Math.max(1, seconds)));
    case "words":
      return headWith(bare, "retry-after", `${seconds} seconds`);
    case "absent":
      return bare;
    default:
      return as satisfies never;
  }
}

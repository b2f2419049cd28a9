import type { ErrorCode } from "../../errors.ts";
import { callHeaders } from "./plan.ts";
import { rfc3339 } from "../shared/timestamp.ts";
import { failuresOf, type FailureTable, type Telling } from "../shared/failure.ts";
import type { Failure, FailureVariant } from "../types.ts";

type ErrorBody = { readonly type: string; readonly message: string; readonly code?: string };

const badRequest = "invalid_request_error";
const docs = "https://docs.claude.com/en/api/rate-limits";

/** Each is a 429 that waiting does not help. @see the provider's `EnforcedSpendLimitReachedError` */
const variants: Readonly<Record<FailureVariant, ErrorBody>> = {
  quota: {
    type: "rate_limit_error",
    message: "Your organization has reached the monthly usage limit of its API tier.",
    code: "enforced_spend_limit_reached",
  },
  "too-large": {
    type: "rate_limit_error",
    message:
      "This request alone would exceed the rate limit for your organization of input tokens per minute. Waiting does not help; reduce the prompt length.",
  },
};

/** What the provider usually says with a status. @see https://platform.claude.com/docs/en/api/errors */
const usual: Readonly<Record<number, ErrorBody>> = {
  401: { type: "authentication_error", message: "invalid x-api-key" },
  402: { type: "billing_error", message: "There is an issue with your billing or payment information." },
  403: { type: "permission_error", message: "Your API key does not have permission to use this resource." },
  405: { type: badRequest, message: "Method Not Allowed" },
  408: { type: badRequest, message: "The request took too long to arrive." },
  409: { type: "conflict_error", message: "The request conflicts with another one." },
  413: { type: "request_too_large", message: "Request exceeds the maximum size" },
  500: { type: "api_error", message: "Internal server error" },
  504: { type: "timeout_error", message: "The request timed out." },
  529: { type: "overloaded_error", message: "Overloaded" },
};

function notFound({ model }: Failure): ErrorBody {
  return { type: "not_found_error", message: model === undefined ? "Not found" : `model: ${model}` };
}

/** The limits of a small account. */
const smallAccount = { requests: 50, tokens: 30_000 };

function limited({ param, variant }: Failure): ErrorBody {
  if (variant !== undefined) return variants[variant];
  const { requests, tokens } = smallAccount;
  const limit = param === "tokens" ? `${tokens} input tokens` : `${requests} requests`;
  const message = `This request would exceed the rate limit for your organization of ${limit} per minute. For details, refer to: ${docs}.`;
  return { type: "rate_limit_error", message };
}

/** Failures of ours that the provider's type already names; the others go by their own. */
const providersOwn: ReadonlySet<ErrorCode> = new Set([
  "UNAUTHENTICATED",
  "RATE_LIMITED",
  "METHOD_NOT_ALLOWED",
  "BODY_TOO_LARGE",
  "BODY_INVALID",
]);

/** What the provider tells its clients; nothing for a 429 without a wait, where it leaves that to them. */
function shouldRetry(status: number, waitSeconds: number | undefined): string[] {
  if (status === 429) return waitSeconds === undefined ? [] : ["x-should-retry", "true"];
  return ["x-should-retry", String(status === 408 || status === 409 || status >= 500)];
}

function anthropicBody({ failure, said }: Telling<ErrorBody>): object {
  const { requestId } = failure;
  const errorCode = errorCodeOf(failure, said);
  const error = {
    ...(errorCode !== undefined && { details: { error_code: errorCode } }),
    type: said.type,
    message: messageOf(failure, said.message),
  };
  return { type: "error", error, request_id: requestId === "" ? null : requestId };
}

/** The stable code of a cause, where the type alone does not name it. */
function errorCodeOf({ code, detail }: Failure, said: ErrorBody): string | undefined {
  if (code === undefined || code === "BUDGET_SPENT") return said.code;
  if (code === "NOT_FOUND") return detail ?? undefined;
  return providersOwn.has(code) ? undefined : code;
}

function messageOf({ code, detail, message }: Failure, usualMessage: string): string {
  if (code !== "UNAUTHENTICATED") return message ?? usualMessage;
  return detail === "missing" ? "x-api-key header is required" : usualMessage;
}

const table: FailureTable<ErrorBody, object> = {
  usual,
  varying: { 404: notFound, 429: limited },
  refused: { type: badRequest, message: "The request was refused." },
  broken: { type: "api_error", message: "The server had an error." },
  contentType: "application/json",
  callHeaders,
  retriesUnavailable: false,
  hints: shouldRetry,
  quota: {
    header: (part, unit) => `anthropic-ratelimit-${unit}-${part}`,
    // One limit for tokens holds for those that come in and those that go out, so it is told as each of the three.
    units: { requests: ["requests"], tokens: ["tokens", "input-tokens", "output-tokens"] },
    // Rounded to thousands, but never above the limit.
    tokensLeft: (left, limit) => Math.min(limit, Math.round(left / 1000) * 1000),
    reset: (resetMs, nowMs) => rfc3339(nowMs + resetMs),
    needsNow: true,
    usedUp: (waitSeconds) => ({
      requests: { limit: smallAccount.requests, remaining: 0, resetMs: waitSeconds * 1000 },
      tokens: { limit: smallAccount.tokens, remaining: smallAccount.tokens - 1000, resetMs: 2000 },
    }),
  },
  body: anthropicBody,
  // @see https://platform.claude.com/docs/en/build-with-claude/streaming, "Error events"
  event: (body) => `event: error\ndata: ${JSON.stringify(body)}\n\n`,
};

/** A failure in the provider's shape, and the headers its clients act on; its quota as `anthropic-ratelimit-*`. */
export const { renderFailure, renderFailureEvent, quotaHeaders } = failuresOf(table);

import type { ErrorCode } from "../../errors.ts";
import { callHeaders } from "./plan.ts";
import { rfc3339 } from "../shared/timestamp.ts";
import type { Failure, FailureVariant, Quota, Rendered } from "../types.ts";

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
function usual(failure: Failure): ErrorBody {
  const { status, model } = failure;
  switch (status) {
    case 401:
      return { type: "authentication_error", message: "invalid x-api-key" };
    case 402:
      return { type: "billing_error", message: "There is an issue with your billing or payment information." };
    case 403:
      return { type: "permission_error", message: "Your API key does not have permission to use this resource." };
    case 404:
      return { type: "not_found_error", message: model === undefined ? "Not found" : `model: ${model}` };
    case 405:
      return { type: badRequest, message: "Method Not Allowed" };
    case 408:
      return { type: badRequest, message: "The request took too long to arrive." };
    case 409:
      return { type: "conflict_error", message: "The request conflicts with another one." };
    case 413:
      return { type: "request_too_large", message: "Request exceeds the maximum size" };
    case 429:
      return failure.variant === undefined ? rateLimited(failure) : variants[failure.variant];
    case 500:
      return { type: "api_error", message: "Internal server error" };
    case 504:
      return { type: "timeout_error", message: "The request timed out." };
    case 529:
      return { type: "overloaded_error", message: "Overloaded" };
    default:
      if (status < 500) return { type: badRequest, message: "The request was refused." };
      return { type: "api_error", message: "The server had an error." };
  }
}

function rateLimited({ param }: Failure): ErrorBody {
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

/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/**
 * A failure in the provider's shape, and the headers its clients act on.
 *
 * @param failure without a `code` it is an injected fault, which looks like the provider's own
 * @returns headers with `retry-after` in whole seconds where a wait is given, and on an injected 429; not on a 429 where
 *   waiting is useless
 */
export function renderFailure(failure: Failure): Rendered {
  const { status, code, requestId, nowMs } = failure;
  const headers = ["content-type", "application/json", ...callHeaders(requestId)];
  const waits = status === 429 && code === undefined && failure.variant === undefined;
  const waitSeconds = failure.retryAfterSeconds ?? (waits ? defaultWaitSeconds : undefined);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  const retry = shouldRetry(status, waitSeconds);
  if (retry !== undefined) headers.push("x-should-retry", String(retry));
  if (waits && waitSeconds !== undefined && nowMs !== undefined) headers.push(...usedUp(waitSeconds, nowMs));
  return { head: { status, headers }, body: bodyOf(failure) };
}

/** What the provider tells its clients; undefined for a 429 without a wait, where it leaves that to them. */
function shouldRetry(status: number, waitSeconds: number | undefined): boolean | undefined {
  if (status === 429) return waitSeconds === undefined ? undefined : true;
  return status === 408 || status === 409 || status >= 500;
}

/**
 * A failure in the middle of a stream, as its last event.
 *
 * @see https://platform.claude.com/docs/en/build-with-claude/streaming, "Error events"
 */
export function renderFailureEvent(failure: Failure): string {
  return `event: error\ndata: ${bodyOf(failure)}\n\n`;
}

function bodyOf(failure: Failure): string {
  const { requestId } = failure;
  const said = usual(failure);
  const errorCode = errorCodeOf(failure, said);
  const error = {
    ...(errorCode !== undefined && { details: { error_code: errorCode } }),
    type: said.type,
    message: messageOf(failure, said.message),
  };
  return JSON.stringify({ type: "error", error, request_id: requestId === "" ? null : requestId });
}

/** The stable code of a cause, where the type alone does not name it. */
function errorCodeOf({ code, detail }: Failure, said: ErrorBody): string | undefined {
  if (code === undefined) return said.code;
  if (code === "NOT_FOUND") return detail ?? undefined;
  return providersOwn.has(code) ? undefined : code;
}

function messageOf({ code, detail, message }: Failure, usualMessage: string): string {
  if (code !== "UNAUTHENTICATED") return message ?? usualMessage;
  return detail === "missing" ? "x-api-key header is required" : usualMessage;
}

/** The limits of a small account. */
const smallAccount = { requests: 50, tokens: 30_000 };

/** The quota headers of an injected 429: no requests left. */
function usedUp(waitSeconds: number, nowMs: number): string[] {
  const { requests, tokens } = smallAccount;
  const quota: Quota = {
    requests: { limit: requests, remaining: 0, resetMs: waitSeconds * 1000 },
    tokens: { limit: tokens, remaining: tokens - 1000, resetMs: 2000 },
  };
  return quotaHeaders(quota, nowMs);
}

/** One limit for tokens holds for those that come in and those that go out, so it is told as each of the three. */
const tokenUnits = ["tokens", "input-tokens", "output-tokens"];

/**
 * `anthropic-ratelimit-*` as the provider sends them, also with answers that succeed.
 *
 * @param quota what is overdrawn shows as 0 left; tokens are rounded to thousands, but never above the limit
 * @param nowMs wall time in milliseconds since 1970, from which the resets are told
 * @returns names and values in turn
 */
export function quotaHeaders({ requests, tokens }: Quota, nowMs: number): string[] {
  const headers: string[] = [];
  const add = (unit: string, limit: number, remaining: number, reset: string): void => {
    const name = `anthropic-ratelimit-${unit}`;
    headers.push(`${name}-limit`, String(limit), `${name}-remaining`, String(remaining), `${name}-reset`, reset);
  };
  if (requests !== undefined) {
    add("requests", requests.limit, Math.max(0, Math.floor(requests.remaining)), rfc3339(nowMs + requests.resetMs));
  }
  if (tokens !== undefined) {
    const thousands = Math.round(Math.max(0, tokens.remaining) / 1000) * 1000;
    const reset = rfc3339(nowMs + tokens.resetMs);
    for (const unit of tokenUnits) add(unit, tokens.limit, Math.min(tokens.limit, thousands), reset);
  }
  return headers;
}

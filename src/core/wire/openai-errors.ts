import type { Failure, Quota, Rendered } from "./types.ts";

type Body = { readonly message: string; readonly type: string; readonly code: string | null };

/** What the provider usually says with a status. @see the OpenAI error reference; bodies seen in public issues */
function usual(failure: Failure): Body {
  const model = failure.model ?? "the model";
  switch (failure.status) {
    case 401:
      return { message: "Incorrect API key provided.", type: "invalid_request_error", code: "invalid_api_key" };
    case 403:
      return { message: "You are not allowed to do this.", type: "invalid_request_error", code: null };
    case 404:
      return { message: `The model \`${model}\` does not exist or you do not have access to it.`, type: "invalid_request_error", code: "model_not_found" };
    case 429: {
      const wait = failure.retryAfterSeconds ?? 1;
      const message = `Rate limit reached for ${model} on requests per min (RPM). Please try again in ${wait}s.`;
      return { message, type: "requests", code: "rate_limit_exceeded" };
    }
    case 500:
      return { message: "The server had an error while processing your request. Sorry about that!", type: "server_error", code: null };
    case 502:
      return { message: "Bad gateway.", type: "server_error", code: null };
    case 503:
      return { message: "The engine is currently overloaded, please try again later.", type: "server_error", code: null };
    case 504:
      return { message: "The server took too long to answer.", type: "server_error", code: null };
    case 529:
      return { message: "The server is overloaded, please try again later.", type: "server_error", code: "overloaded" };
    default:
      return failure.status < 500
        ? { message: "The request was refused.", type: "invalid_request_error", code: null }
        : { message: "The server had an error.", type: "server_error", code: null };
  }
}

/** What a failure of ours is called in the provider's shape. */
function ours(failure: Failure): Pick<Body, "type" | "code"> {
  switch (failure.code) {
    case "UNAUTHENTICATED":
      return { type: "invalid_request_error", code: "invalid_api_key" };
    case "RATE_LIMITED":
      return { type: failure.param === "tokens" ? "tokens" : "requests", code: "rate_limit_exceeded" };
    case "NOT_FOUND":
      return { type: "invalid_request_error", code: failure.param === "model" ? "model_not_found" : "unknown_url" };
    case "BODY_INVALID":
      return { type: "invalid_request_error", code: failure.param === undefined ? null : "invalid_value" };
    default:
      return { type: failure.status < 500 ? "invalid_request_error" : "server_error", code: failure.code?.toLowerCase() ?? null };
  }
}

/**
 * A failure in the provider's shape: all four keys of the error, and the headers its clients act on.
 *
 * @param failure without a `code` it is an injected fault, which looks like the provider's own
 */
export function renderFailure(failure: Failure): Rendered {
  const known = failure.code === undefined ? usual(failure) : { ...usual(failure), ...ours(failure) };
  const error = {
    message: failure.message ?? known.message,
    type: known.type,
    param: failure.code === "RATE_LIMITED" ? null : (failure.param ?? null),
    code: known.code,
  };
  const headers = ["content-type", "application/json"];
  if (failure.requestId !== "") headers.push("x-request-id", failure.requestId);
  const wait = failure.retryAfterSeconds ?? (failure.status === 429 || failure.status === 503 ? 1 : undefined);
  if (wait !== undefined) headers.push("retry-after", String(wait));
  if (wait !== undefined && failure.status === 429) headers.push("retry-after-ms", String(wait * 1000));
  if (failure.status === 429 && failure.code === undefined) headers.push(...exhausted(wait ?? 1));
  return { head: { status: failure.status, headers }, body: JSON.stringify({ error }) };
}

/** The quota headers that go with an injected 429: nothing left. The limits are those of a small account. */
function exhausted(waitSeconds: number): string[] {
  return quotaHeaders({
    requests: { limit: 500, remaining: 0, resetMs: waitSeconds * 1000 },
    tokens: { limit: 30_000, remaining: 29_000, resetMs: 2000 },
  });
}

/** `x-ratelimit-*` as the provider sends them, also with answers that succeed. */
export function quotaHeaders(quota: Quota): string[] {
  const headers: string[] = [];
  for (const [unit, state] of [["requests", quota.requests], ["tokens", quota.tokens]] as const) {
    if (state === undefined) continue;
    headers.push(
      `x-ratelimit-limit-${unit}`,
      String(state.limit),
      `x-ratelimit-remaining-${unit}`,
      String(Math.max(0, Math.floor(state.remaining))),
      `x-ratelimit-reset-${unit}`,
      goDuration(state.resetMs),
    );
  }
  return headers;
}

/** A duration as Go prints it: `12ms`, `1.5s`, `6m0s`. */
export function goDuration(durationMs: number): string {
  const ms = Math.max(0, Math.ceil(durationMs));
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms - minutes * 60_000) / 1000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}

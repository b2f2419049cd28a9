import type { ErrorCode } from "../../errors.ts";
import type { Failure, FailureVariant, Quota, Rendered, StreamPlace } from "../types.ts";

type ErrorBody = { readonly message: string; readonly type: string; readonly code: string | null };

const badRequest = "invalid_request_error";
const serverError = "server_error";
/** The one refusal of a request whose type is its code. @see langchain#31227, gpt-researcher#1524 */
const tooManyTokens = "max_tokens_per_request";

/** Each is a 429 that waiting does not help. @see openai/codex#88, agent-zero#711 */
const variants: Readonly<Record<FailureVariant, ErrorBody>> = {
  quota: {
    message: "You exceeded your current quota, please check your plan and billing details.",
    type: "insufficient_quota",
    code: "insufficient_quota",
  },
  "too-large": {
    message:
      "Request too large on tokens per min (TPM): it alone is above the limit. Waiting does not help; send less.",
    type: "tokens",
    code: "rate_limit_exceeded",
  },
};

/** What the provider usually says with a status. @see the OpenAI error reference; 429 as clients parse the wait out of it */
function usual(failure: Failure): ErrorBody {
  const { status, model, param, retryAfterSeconds } = failure;
  switch (status) {
    case 401:
      return { message: "Incorrect API key provided.", type: badRequest, code: "invalid_api_key" };
    case 403:
      return { message: "Your API key has no access to this resource.", type: badRequest, code: null };
    case 404: {
      const name = model === undefined ? "The model" : `The model \`${model}\``;
      return {
        message: `${name} does not exist or you do not have access to it.`,
        type: badRequest,
        code: "model_not_found",
      };
    }
    case 405:
      return {
        message: "This path does not take requests of this method.",
        type: badRequest,
        code: "method_not_supported",
      };
    case 408:
      return { message: "The request took too long to arrive.", type: badRequest, code: null };
    case 413:
      return { message: "The request body is larger than allowed.", type: badRequest, code: "request_too_large" };
    case 429: {
      if (failure.variant !== undefined) return variants[failure.variant];
      const ofModel = model === undefined ? "" : ` for ${model}`;
      const unit = param === "tokens" ? "tokens per min (TPM)" : "requests per min (RPM)";
      const message = `Rate limit reached${ofModel} on ${unit}. Please try again in ${retryAfterSeconds ?? defaultWaitSeconds}s.`;
      return { message, type: param === "tokens" ? "tokens" : "requests", code: "rate_limit_exceeded" };
    }
    case 500:
      return { message: "The server had an error while processing your request.", type: serverError, code: null };
    case 502:
      return { message: "Bad gateway.", type: serverError, code: null };
    case 503:
      return { message: "The engine is currently overloaded, please try again later.", type: serverError, code: null };
    case 504:
      return { message: "The server took too long to answer.", type: serverError, code: null };
    case 529:
      return { message: "The server is overloaded, please try again later.", type: serverError, code: "overloaded" };
    default:
      if (status < 500) return { message: "The request was refused.", type: badRequest, code: null };
      return { message: "The server had an error.", type: serverError, code: null };
  }
}

/** Failures of ours that the provider has a name for; the others go by their own. */
const providersName: { readonly [code in ErrorCode]?: (failure: Failure) => string | null } = {
  UNAUTHENTICATED: () => "invalid_api_key",
  RATE_LIMITED: () => "rate_limit_exceeded",
  NOT_FOUND: ({ param, detail }) =>
    detail ?? (param === "model" ? "model_not_found" : detail === null ? null : "unknown_url"),
  METHOD_NOT_ALLOWED: () => "method_not_supported",
  BODY_TOO_LARGE: () => "request_too_large",
  BODY_INVALID: ({ detail }) => detail ?? null,
};

/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/**
 * A failure in the provider's shape: all four keys of the error, and the headers its clients act on.
 *
 * @param failure without a `code` it is an injected fault, which looks like the provider's own
 * @returns headers with `retry-after` in whole seconds on 429 and 503; not on a 429 of ours that names no wait, where
 *   waiting is useless
 */
export function renderFailure(failure: Failure): Rendered {
  const { status, code, requestId } = failure;
  const headers = ["content-type", "application/json"];
  if (requestId !== "") headers.push("x-request-id", requestId);
  if (status === 401) headers.push("www-authenticate", "Bearer");
  const waitSeconds = failure.retryAfterSeconds ?? waitFor(failure);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  if (waitSeconds !== undefined && status === 429) {
    headers.push("retry-after-ms", String(Math.ceil(waitSeconds * 1000)));
    if (code === undefined) headers.push(...usedUp(waitSeconds));
  }
  return { head: { status, headers }, body: bodyOf(failure) };
}

/**
 * A failure in the middle of a stream: an event of its own among those of a response, else the body of the error as the
 * data of an event, and then no `[DONE]`.
 *
 * @see the OpenAI document, ResponseErrorEvent; for chunks seen in issues of gateways
 */
export function renderFailureEvent(failure: Failure, place?: StreamPlace): string {
  if (place?.operation !== "responses") return `data: ${bodyOf(failure)}\n\n`;
  const { message, param, code } = errorOf(failure);
  const data = JSON.stringify({ type: "error", sequence_number: place.events, code, message, param });
  return `event: error\ndata: ${data}\n\n`;
}

function bodyOf(failure: Failure): string {
  return JSON.stringify({ error: errorOf(failure) });
}

/** What the provider's error for a failure says. */
export function errorOf(failure: Failure): ErrorBody & { readonly param: string | null } {
  const said = usual(failure);
  return {
    message: failure.message ?? said.message,
    type: failure.detail === tooManyTokens ? tooManyTokens : said.type,
    param: failure.status === 429 ? null : (failure.param ?? null),
    code: failure.code === undefined ? said.code : nameOf(failure.code, failure),
  };
}

function nameOf(code: ErrorCode, failure: Failure): string | null {
  const name = providersName[code];
  return name === undefined ? code : name(failure);
}

function waitFor({ status, code, variant }: Failure): number | undefined {
  const mayRetry = status === 503 || (status === 429 && code === undefined && variant === undefined);
  return mayRetry ? defaultWaitSeconds : undefined;
}

/** The quota headers of an injected 429: no requests left. The limits are those of a small account. */
function usedUp(waitSeconds: number): string[] {
  return quotaHeaders({
    requests: { limit: 500, remaining: 0, resetMs: waitSeconds * 1000 },
    tokens: { limit: 30_000, remaining: 29_000, resetMs: 2000 },
  });
}

/**
 * `x-ratelimit-*` as the provider sends them, also with answers that succeed.
 *
 * @param quota what is overdrawn shows as 0 left
 * @returns names and values in turn
 */
export function quotaHeaders(quota: Quota): string[] {
  const headers: string[] = [];
  if (quota.requests !== undefined) addQuota(headers, "requests", quota.requests);
  if (quota.tokens !== undefined) addQuota(headers, "tokens", quota.tokens);
  return headers;
}

function addQuota(
  headers: string[],
  unit: string,
  { limit, remaining, resetMs }: NonNullable<Quota["requests"]>,
): void {
  headers.push(`x-ratelimit-limit-${unit}`, String(limit));
  headers.push(`x-ratelimit-remaining-${unit}`, String(Math.max(0, Math.floor(remaining))));
  headers.push(`x-ratelimit-reset-${unit}`, goDuration(resetMs));
}

/**
 * A duration as Go prints it: `0s`, `12ms`, `1.5s`, `6m0s`, `24h0m0s`.
 *
 * @param durationMs rounded up to whole milliseconds; what has passed already is `0s`
 */
export function goDuration(durationMs: number): string {
  const ms = Math.ceil(durationMs);
  if (ms <= 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  if (minutes === 0) return seconds;
  if (minutes < 60) return `${minutes}m${seconds}`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`;
}

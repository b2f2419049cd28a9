import type { ErrorCode } from "../../errors.ts";
import { bodyOf, failuresOf, retryAfterMs, xRequestId, type FailureTable, type Telling } from "../shared/failure.ts";
import type { Failure, FailureVariant } from "../types.ts";

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

/** What the provider usually says with a status. @see the OpenAI error reference */
const usual: Readonly<Record<number, ErrorBody>> = {
  401: { message: "Incorrect API key provided.", type: badRequest, code: "invalid_api_key" },
  403: { message: "Your API key has no access to this resource.", type: badRequest, code: null },
  405: { message: "This path does not take requests of this method.", type: badRequest, code: "method_not_supported" },
  408: { message: "The request took too long to arrive.", type: badRequest, code: null },
  413: { message: "The request body is larger than allowed.", type: badRequest, code: "request_too_large" },
  500: { message: "The server had an error while processing your request.", type: serverError, code: null },
  502: { message: "Bad gateway.", type: serverError, code: null },
  503: { message: "The engine is currently overloaded, please try again later.", type: serverError, code: null },
  504: { message: "The server took too long to answer.", type: serverError, code: null },
  529: { message: "The server is overloaded, please try again later.", type: serverError, code: "overloaded" },
};

function unknownModel({ model }: Failure): ErrorBody {
  const name = model === undefined ? "The model" : `The model \`${model}\``;
  const message = `${name} does not exist or you do not have access to it.`;
  return { message, type: badRequest, code: "model_not_found" };
}

/** Worded as clients parse the wait out of it. */
function limited({ model, param, variant, retryAfterSeconds = 1 }: Failure): ErrorBody {
  if (variant !== undefined) return variants[variant];
  const ofModel = model === undefined ? "" : ` for ${model}`;
  const unit = param === "tokens" ? "tokens per min (TPM)" : "requests per min (RPM)";
  const message = `Rate limit reached${ofModel} on ${unit}. Please try again in ${retryAfterSeconds}s.`;
  return { message, type: param === "tokens" ? "tokens" : "requests", code: "rate_limit_exceeded" };
}

/** Failures of ours that the provider has a name for; the others go by their own. */
const providersName: { readonly [code in ErrorCode]?: (failure: Failure) => string | null } = {
  UNAUTHENTICATED: () => "invalid_api_key",
  RATE_LIMITED: () => "rate_limit_exceeded",
  BUDGET_SPENT: () => "insufficient_quota",
  NOT_FOUND: ({ param, detail }) =>
    detail ?? (param === "model" ? "model_not_found" : detail === null ? null : "unknown_url"),
  METHOD_NOT_ALLOWED: () => "method_not_supported",
  BODY_TOO_LARGE: () => "request_too_large",
  BODY_INVALID: ({ detail }) => detail ?? null,
};

/** The body of an error. */
export type OpenaiBody = { readonly error: ErrorBody & { readonly param: string | null } };

function openaiBody({ failure, said }: Telling<ErrorBody>): OpenaiBody {
  const { status, code, message, param, detail } = failure;
  return {
    error: {
      message: message ?? said.message,
      type: detail === tooManyTokens ? tooManyTokens : said.type,
      param: status === 429 ? null : (param ?? null),
      code: code === undefined ? said.code : nameOf(code, failure),
    },
  };
}

function nameOf(code: ErrorCode, failure: Failure): string | null {
  const name = providersName[code];
  return name === undefined ? code : name(failure);
}

const table: FailureTable<ErrorBody, OpenaiBody> = {
  usual,
  varying: { 404: unknownModel, 429: limited },
  refused: { message: "The request was refused.", type: badRequest, code: null },
  broken: { message: "The server had an error.", type: serverError, code: null },
  contentType: "application/json",
  callHeaders: xRequestId,
  challenge: "Bearer",
  retriesUnavailable: true,
  hints: retryAfterMs,
  quota: {
    header: (part, unit) => `x-ratelimit-${part}-${unit}`,
    units: { requests: ["requests"], tokens: ["tokens"] },
    reset: goDuration,
    withVariants: true,
    usedUp: (waitSeconds) => ({
      requests: { limit: 500, remaining: 0, resetMs: waitSeconds * 1000 },
      tokens: { limit: 30_000, remaining: 29_000, resetMs: 2000 },
    }),
  },
  body: openaiBody,
  /** An event of its own among those of a response, else the body as the data of an event, and then no `[DONE]`. @see the OpenAI document, ResponseErrorEvent; for chunks seen in issues of gateways */
  event(body, _failure, place) {
    if (place?.operation !== "responses") return `data: ${JSON.stringify(body)}\n\n`;
    const { message, param, code } = body.error;
    const data = JSON.stringify({ type: "error", sequence_number: place.events, code, message, param });
    return `event: error\ndata: ${data}\n\n`;
  },
};

/** A failure in the provider's shape: all four keys of the error, and the headers its clients act on. */
export const { renderFailure, renderFailureEvent, quotaHeaders } = failuresOf(table);

/** The body of a failure, for an API that passes it on. */
export function openaiBodyOf(failure: Failure): OpenaiBody {
  return bodyOf(table, failure);
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

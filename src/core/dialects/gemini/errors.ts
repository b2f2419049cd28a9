import { wantsArray } from "./target.ts";
import type { Failure, Rendered } from "../types.ts";

/** The canonical code that the API puts beside a status. @see google.rpc.Code */
const names: Readonly<Record<number, string>> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  405: "UNIMPLEMENTED",
  408: "DEADLINE_EXCEEDED",
  409: "ABORTED",
  413: "INVALID_ARGUMENT",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  529: "UNAVAILABLE",
};

/** What the API usually says with a status. */
const usual: Readonly<Record<number, string>> = {
  400: "Request contains an invalid argument.",
  401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
  403: "The caller does not have permission",
  408: "Deadline expired before operation could complete.",
  413: "Request payload size exceeds the limit: 20971520 bytes.",
  429: "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
  500: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
  503: "The model is overloaded. Please try again later.",
  504: "Deadline expired before operation could complete.",
};

const rpc = "type.googleapis.com/google.rpc.";
const service = "generativelanguage.googleapis.com";
/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/**
 * A failure in the provider's shape; the time to wait is in the body, and in `retry-after` for clients that look there.
 *
 * @param failure without a `code` it is an injected fault, which looks like the provider's own
 * @see google.rpc.Status and google/rpc/error_details.proto
 */
export function renderFailure(failure: Failure): Rendered {
  const { status, requestId } = failure;
  const headers = ["content-type", "application/json; charset=UTF-8"];
  if (requestId !== "") headers.push("x-request-id", requestId);
  if (status === 401) headers.push("www-authenticate", 'Bearer realm="https://accounts.google.com/"');
  const waitSeconds = waitOf(failure);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  const body = bodyOf(failure);
  return { head: { status, headers }, body: inArray(failure) ? `[${body}\n]` : body };
}

/** A failure in the middle of a stream: an element of the array, or an event. */
export function renderFailureEvent(failure: Failure): string {
  return inArray(failure) ? `\n,\r\n${bodyOf(failure)}` : `data: ${bodyOf(failure)}\r\n\r\n`;
}

/** Who asked for an array gets one, also when it holds nothing but the error. */
function inArray({ target = "" }: Failure): boolean {
  return wantsArray(target);
}

function bodyOf(failure: Failure): string {
  const { status } = failure;
  const details = detailsOf(failure);
  const name = names[status] ?? (status < 500 ? "INVALID_ARGUMENT" : "INTERNAL");
  const error = { code: status, message: messageOf(failure), status: name };
  return JSON.stringify({ error: details.length === 0 ? error : { ...error, details } });
}

function messageOf(failure: Failure): string {
  const { status, code, message, model, param } = failure;
  if (status === 404 && model !== undefined && (code === undefined || param === "model")) {
    return `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`;
  }
  if (message !== undefined) return message;
  const said = usual[status] ?? (status < 500 ? "The request was refused." : "The service is currently unavailable.");
  const waitSeconds = status === 429 ? waitOf(failure) : undefined;
  return waitSeconds === undefined ? said : `${said}\nPlease retry in ${waitSeconds}s.`;
}

/** Seconds after which a retry may work; none where waiting is useless. */
function waitOf({ status, code, variant, retryAfterSeconds }: Failure): number | undefined {
  const mayRetry = status === 503 || (status === 429 && code === undefined && variant === undefined);
  return retryAfterSeconds ?? (mayRetry ? defaultWaitSeconds : undefined);
}

function detailsOf(failure: Failure): object[] {
  const { status, code, param } = failure;
  if (code === "BODY_INVALID" && param !== undefined) {
    const violation = { field: param, description: messageOf(failure) };
    return [{ "@type": `${rpc}BadRequest`, fieldViolations: [violation] }];
  }
  if (status === 401) {
    const reason = code === undefined ? "ACCESS_TOKEN_TYPE_UNSUPPORTED" : "API_KEY_INVALID";
    return [{ "@type": `${rpc}ErrorInfo`, reason, domain: "googleapis.com", metadata: { service } }];
  }
  if (status !== 429) return [];
  const waitSeconds = waitOf(failure);
  const retry = waitSeconds === undefined ? [] : [{ "@type": `${rpc}RetryInfo`, retryDelay: `${waitSeconds}s` }];
  return [{ "@type": `${rpc}QuotaFailure`, violations: [violated(failure)] }, ...retry];
}

/** Which quota ran out: of a minute, or for a look-alike of a day, which no retry outlives. */
function violated({ param, variant, model }: Failure): object {
  const tokens = param === "tokens" || variant === "too-large";
  const quotaMetric = `${service}/generate_content_${tokens ? "paid_tier_input_token_count" : "paid_tier_requests"}`;
  const per = variant === "quota" ? "Day" : "Minute";
  const quotaId = tokens
    ? `GenerateContentPaidTierInputTokensPerModelPer${per}`
    : `GenerateRequestsPer${per}PerProjectPerModel`;
  return { quotaMetric, quotaId, quotaDimensions: { location: "global", ...(model !== undefined && { model }) } };
}

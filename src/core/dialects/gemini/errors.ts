import { wantsArray } from "./target.ts";
import { failuresOf, isUnknownModel, xRequestId, type Telling } from "../shared/failure.ts";
import type { Failure } from "../types.ts";

/** The canonical code that the API puts beside a status, and what it says. @see google.rpc.Code */
type Said = { readonly name: string; readonly message: string };

const refused = "The request was refused.";
const broken = "The service is currently unavailable.";

const usual: Readonly<Record<number, Said>> = {
  400: {
    name: "INVALID_ARGUMENT",
    message: "Request contains an invalid argument.",
  },
  401: {
    name: "UNAUTHENTICATED",
    message:
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
  },
  403: {
    name: "PERMISSION_DENIED",
    message: "The caller does not have permission",
  },
  404: { name: "NOT_FOUND", message: refused },
  405: { name: "UNIMPLEMENTED", message: refused },
  408: {
    name: "DEADLINE_EXCEEDED",
    message: "Deadline expired before operation could complete.",
  },
  409: { name: "ABORTED", message: refused },
  413: {
    name: "INVALID_ARGUMENT",
    message: "Request payload size exceeds the limit: 20971520 bytes.",
  },
  429: {
    name: "RESOURCE_EXHAUSTED",
    message:
      "You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
  },
  499: { name: "CANCELLED", message: refused },
  500: {
    name: "INTERNAL",
    message:
      "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
  },
  501: { name: "UNIMPLEMENTED", message: broken },
  502: { name: "UNAVAILABLE", message: broken },
  503: {
    name: "UNAVAILABLE",
    message: "The model is overloaded. Please try again later.",
  },
  504: {
    name: "DEADLINE_EXCEEDED",
    message: "Deadline expired before operation could complete.",
  },
  529: { name: "UNAVAILABLE", message: broken },
};

const rpc = "type.googleapis.com/google.rpc.";
const service = "generativelanguage.googleapis.com";

function geminiBody(telling: Telling<Said>): object {
  const details = detailsOf(telling);
  const { failure, said } = telling;
  const error = { code: failure.status, message: messageOf(telling), status: said.name };
  return { error: details.length === 0 ? error : { ...error, details } };
}

function messageOf({ failure, said, waitSeconds }: Telling<Said>): string {
  const { status, message, model } = failure;
  if (isUnknownModel(failure)) {
    return `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`;
  }
  if (message !== undefined) return message;
  if (status !== 429 || waitSeconds === undefined) return said.message;
  return `${said.message}\nPlease retry in ${waitSeconds}s.`;
}

function detailsOf(telling: Telling<Said>): object[] {
  const { failure, waitSeconds } = telling;
  const { status, code, param } = failure;
  if (code === "BODY_INVALID" && param !== undefined) {
    const violation = { field: param, description: messageOf(telling) };
    return [{ "@type": `${rpc}BadRequest`, fieldViolations: [violation] }];
  }
  if (status === 401) {
    const reason = code === undefined ? "ACCESS_TOKEN_TYPE_UNSUPPORTED" : "API_KEY_INVALID";
    return [{ "@type": `${rpc}ErrorInfo`, reason, domain: "googleapis.com", metadata: { service } }];
  }
  if (status !== 429) return [];
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

/** Who asked for an array gets one, also when it holds nothing but the error. */
function inArray({ target = "" }: Failure): boolean {
  return wantsArray(target);
}

/**
 * A failure in the provider's shape; the time to wait is in the body, and in `retry-after` for clients that look there. In
 * the middle of a stream it is an element of the array, or an event.
 *
 * @see google.rpc.Status and google/rpc/error_details.proto
 */
export const { renderFailure, renderFailureEvent } = failuresOf<Said, object>({
  usual,
  refused: { name: "INVALID_ARGUMENT", message: refused },
  broken: { name: "INTERNAL", message: broken },
  contentType: "application/json; charset=UTF-8",
  callHeaders: xRequestId,
  challenge: 'Bearer realm="https://accounts.google.com/"',
  retriesUnavailable: true,
  body: geminiBody,
  text(body, failure) {
    const json = JSON.stringify(body);
    return inArray(failure) ? `[${json}\n]` : json;
  },
  event(body, failure) {
    const json = JSON.stringify(body);
    return inArray(failure) ? `\n,\r\n${json}` : `data: ${json}\r\n\r\n`;
  },
});

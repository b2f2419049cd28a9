import { azureHeaders } from "./response.ts";
import { renderFailure as renderOpenai } from "../openai/errors.ts";
import type { Failure, Quota, Rendered } from "../types.ts";

type WorkerMessage = { readonly code: string; readonly message: string };

const quotaIncrease = "https://aka.ms/oai/quotaincrease";
/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/** What Azure usually says with a status, code and message and nothing else. @see wordings reported in public issues */
function usual(failure: Failure): WorkerMessage {
  const { status, param, variant } = failure;
  switch (status) {
    case 401:
      return {
        code: "401",
        message:
          "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
      };
    case 403:
      return { code: "403", message: "Access denied due to Virtual Network/Firewall rules." };
    case 404:
      return {
        code: "DeploymentNotFound",
        message:
          "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
      };
    case 408:
    case 504:
      return { code: "Timeout", message: "The operation was timeout." };
    case 429: {
      if (variant === "quota") {
        return { code: "insufficient_quota", message: `Your subscription has no quota left. See ${quotaIncrease}.` };
      }
      const kind = param === "tokens" || variant === "too-large" ? "token" : "call";
      const wait = waitOf(failure);
      const retry = wait === undefined ? "" : ` Please retry after ${Math.ceil(wait)} seconds.`;
      const message = `Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded ${kind} rate limit of your current OpenAI S0 pricing tier.${retry} Please go here: ${quotaIncrease} if you would like to further increase the default rate limit.`;
      return { code: "429", message };
    }
    case 500:
      return {
        code: "InternalServerError",
        message: "Backend returned unexpected response. Please contact Microsoft for help.",
      };
    case 503:
      return {
        code: "ServiceUnavailable",
        message: "The service is temporarily unable to process your request. Please try again later.",
      };
    default:
      return { code: String(status), message: status < 500 ? "The request was refused." : "The server had an error." };
  }
}

/**
 * A failure in Azure's shape: a code that is a text, and a message. A request that the model refuses has OpenAI's shape,
 * because Azure passes that on.
 *
 * @param failure without a `code` it is an injected fault, which looks like the provider's own
 * @returns `retry-after` in whole seconds on 429 and 503, but where waiting is useless
 */
export function renderFailure(failure: Failure): Rendered {
  const { status, code, requestId } = failure;
  const headers = ["content-type", "application/json", ...azureHeaders(requestId)];
  const waitSeconds = waitOf(failure);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  if (waitSeconds !== undefined && status === 429) {
    headers.push("retry-after-ms", String(Math.ceil(waitSeconds * 1000)));
    if (code === undefined) headers.push(...usedUp(waitSeconds));
  }
  return { head: { status, headers }, body: bodyOf(failure) };
}

/** A failure in the middle of a stream: the body of the error as the data of an event. */
export function renderFailureEvent(failure: Failure): string {
  return `data: ${bodyOf(failure)}\n\n`;
}

function bodyOf(failure: Failure): string {
  const { status, code, message } = failure;
  if (status === 400) return renderOpenai(failure).body;
  const said = usual(failure);
  const error = { code: code === undefined ? said.code : codeOf(failure, said), message: message ?? said.message };
  return JSON.stringify({ error });
}

/** Failures of ours that Azure has a name for; the others go by their own. */
function codeOf({ status, code, param }: Failure, said: WorkerMessage): string {
  if (code === "NOT_FOUND") return param === "model" ? said.code : "404";
  const known = code === "UNAUTHENTICATED" || code === "RATE_LIMITED" || code === "METHOD_NOT_ALLOWED";
  return known || code === undefined ? String(status) : code;
}

function waitOf({ status, code, variant, retryAfterSeconds }: Failure): number | undefined {
  const mayRetry = status === 503 || (status === 429 && code === undefined && variant === undefined);
  return retryAfterSeconds ?? (mayRetry ? defaultWaitSeconds : undefined);
}

/** The quota headers of an injected 429. The limits are those of a small deployment. */
function usedUp(waitSeconds: number): string[] {
  const resetMs = waitSeconds * 1000;
  return quotaHeaders({
    requests: { limit: 60, remaining: 0, resetMs },
    tokens: { limit: 10_000, remaining: 0, resetMs },
  });
}

/**
 * `x-ratelimit-*` as Azure sends them: the time until a reset in whole seconds.
 *
 * @param quota what is overdrawn shows as 0 left
 * @returns names and values in turn
 */
export function quotaHeaders(quota: Quota): string[] {
  const headers: string[] = [];
  for (const unit of ["requests", "tokens"] as const) {
    const own = quota[unit];
    if (own === undefined) continue;
    headers.push(`x-ratelimit-limit-${unit}`, String(own.limit));
    headers.push(`x-ratelimit-remaining-${unit}`, String(Math.max(0, Math.floor(own.remaining))));
    headers.push(`x-ratelimit-reset-${unit}`, String(Math.max(0, Math.ceil(own.resetMs / 1000))));
  }
  return headers;
}

import { azureHeaders } from "./response.ts";
import { openaiBodyOf } from "../openai/errors.ts";
import { failuresOf, retryAfterMs, type Telling } from "../shared/failure.ts";
import type { Failure } from "../types.ts";

/** Without a code of its own it has the status for one. */
type Wording = { readonly code?: string; readonly message: string };

const quotaIncrease = "https://aka.ms/oai/quotaincrease";
const timeout = { code: "Timeout", message: "The operation was timeout." };

/** What Azure usually says with a status, code and message and nothing else. @see wordings reported in public issues */
const usual: Readonly<Record<number, Wording>> = {
  401: {
    code: "401",
    message:
      "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource.",
  },
  403: { code: "403", message: "Access denied due to Virtual Network/Firewall rules." },
  404: {
    code: "DeploymentNotFound",
    message:
      "The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again.",
  },
  408: timeout,
  500: {
    code: "InternalServerError",
    message: "Backend returned unexpected response. Please contact Microsoft for help.",
  },
  503: {
    code: "ServiceUnavailable",
    message: "The service is temporarily unable to process your request. Please try again later.",
  },
  504: timeout,
};

function limited({ param, variant }: Failure, waitSeconds: number | undefined): Wording {
  if (variant === "quota") {
    return { code: "insufficient_quota", message: `Your subscription has no quota left. See ${quotaIncrease}.` };
  }
  const kind = param === "tokens" || variant === "too-large" ? "token" : "call";
  const retry = waitSeconds === undefined ? "" : ` Please retry after ${Math.ceil(waitSeconds)} seconds.`;
  const message = `Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-10-21 have exceeded ${kind} rate limit of your current OpenAI S0 pricing tier.${retry} Please go here: ${quotaIncrease} if you would like to further increase the default rate limit.`;
  return { code: "429", message };
}

/** A request that the model refuses has OpenAI's shape, because Azure passes that on. */
function azureBody({ failure, said }: Telling<Wording>): object {
  if (failure.status === 400) return openaiBodyOf(failure);
  return { error: { code: codeOf(failure, said), message: failure.message ?? said.message } };
}

/** Failures of ours that Azure has a name for; the others go by their own. */
function codeOf({ status, code, param }: Failure, said: Wording): string {
  const own = said.code ?? String(status);
  if (code === undefined || code === "BUDGET_SPENT") return own;
  if (code === "NOT_FOUND") return param === "model" ? own : "404";
  const known = code === "UNAUTHENTICATED" || code === "RATE_LIMITED" || code === "METHOD_NOT_ALLOWED";
  return known ? String(status) : code;
}

/** A failure in Azure's shape: a code that is a text, and a message. */
export const { renderFailure, renderFailureEvent, quotaHeaders } = failuresOf<Wording, object>({
  usual,
  varying: { 429: limited },
  refused: { message: "The request was refused." },
  broken: { message: "The server had an error." },
  contentType: "application/json",
  callHeaders: azureHeaders,
  retriesUnavailable: true,
  hints: retryAfterMs,
  quota: {
    header: (part, unit) => `x-ratelimit-${part}-${unit}`,
    units: { requests: ["requests"], tokens: ["tokens"] },
    reset: (resetMs) => String(Math.max(0, Math.ceil(resetMs / 1000))),
    withVariants: true,
    usedUp: (waitSeconds) => ({
      requests: { limit: 60, remaining: 0, resetMs: waitSeconds * 1000 },
      tokens: { limit: 10_000, remaining: 0, resetMs: waitSeconds * 1000 },
    }),
  },
  body: azureBody,
  /** Among the events of the Responses API it names its type and its number; the error stays an object. @see maximhq/bifrost, TestResponsesStreamAzureStyleErrorEvent */
  event(body, _failure, place) {
    if (place?.operation !== "responses") return `data: ${JSON.stringify(body)}\n\n`;
    return `event: error\ndata: ${JSON.stringify({ type: "error", ...body, sequence_number: place.events })}\n\n`;
  },
});

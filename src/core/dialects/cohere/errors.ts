import { failuresOf, isUnknownModel, type Telling } from "../shared/failure.ts";
import { uuidOf } from "../shared/uuid.ts";
import type { StreamPlace } from "../types.ts";

/** What the provider usually says with a status. @see https://docs.cohere.com/reference/errors */
const usual: Readonly<Record<number, string>> = {
  400: "invalid request",
  401: "invalid api token",
  402: "Please add or update your payment method at https://dashboard.cohere.com/billing?tab=payment to continue",
  403: "access to this resource is forbidden",
  404: "404 page not found",
  405: "405 method not allowed",
  413: "request entity too large",
  422: "invalid request",
  429: "Please wait and try again later",
  498: "invalid token",
  499: "request cancelled",
  500: "internal server error, please try again later",
  501: "not implemented",
  503: "service unavailable, please try again later",
  504: "gateway timeout",
};

/** Each is a 429 that waiting does not help. */
const variants = {
  quota:
    "Maximum billing reached for this API key as set in your dashboard, please go to https://dashboard.cohere.com/billing?tab=payment to increase your maximum amount to continue using this API key. Your billing capacity will reset at the beginning of next month.",
  "too-large": "token rate limit exceeded by this request alone, please reduce its length",
};

function messageOf({ failure, said }: Telling<string>): string {
  const { code, detail, message, model, variant } = failure;
  if (isUnknownModel(failure)) {
    return `model '${model}' not found, make sure the correct model ID was used and that you have access to the model.`;
  }
  if (code === "UNAUTHENTICATED") return detail === "missing" ? "no api key supplied" : said;
  return message ?? (variant === undefined ? said : variants[variant]);
}

type Body = { readonly id: string; readonly message: string };

/** The header by which the provider names a call. */
export function traceId(requestId: string): string[] {
  return requestId === "" ? [] : ["x-debug-trace-id", requestId];
}

/** A failure as the last event of a stream: of the first version a line, of the second a server-sent event. */
function eventOf({ message }: Body, place: StreamPlace | undefined): string {
  if (place?.operation !== "chat-v1") {
    const data = { type: "message-end", delta: { error: message, finish_reason: "ERROR" } };
    return `event: message-end\ndata: ${JSON.stringify(data)}\n\n`;
  }
  const response = { text: "", finish_reason: "ERROR" };
  const last = { is_finished: true, event_type: "stream-end", response, finish_reason: "ERROR", error: message };
  return `${JSON.stringify(last)}\n`;
}

/** A failure in the provider's shape: an id and a message. It tells no quota, only when to try again. */
export const { renderFailure, renderFailureEvent } = failuresOf<string, Body>({
  usual,
  refused: "invalid request",
  broken: "internal server error, please try again later",
  contentType: "application/json",
  callHeaders: traceId,
  retriesUnavailable: false,
  body: (telling) => ({ id: uuidOf(telling.failure.requestId), message: messageOf(telling) }),
  event: (body, _failure, place) => eventOf(body, place),
});

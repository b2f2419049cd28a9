import type { Failure, Rendered } from "../types.ts";

/** What the server usually says with a status. */
const usual: Readonly<Record<number, string>> = {
  400: "invalid request",
  401: "unauthorized",
  403: "access denied",
  404: "404 page not found",
  405: "method not allowed",
  429: "too many concurrent requests",
  500: "llama runner process has terminated: exit status 2",
  502: "bad gateway",
  503: "server busy, please try again.  maximum pending requests exceeded",
  504: "timed out waiting for llama runner to start",
};
/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/**
 * A failure in the server's shape: one text.
 *
 * @param failure without a `code` it is an injected fault, which looks like the server's own
 */
export function renderFailure(failure: Failure): Rendered {
  const { status, code, variant, requestId, retryAfterSeconds } = failure;
  const headers = ["content-type", "application/json; charset=utf-8"];
  if (requestId !== "") headers.push("x-request-id", requestId);
  const mayRetry = status === 503 || (status === 429 && code === undefined && variant === undefined);
  const waitSeconds = retryAfterSeconds ?? (mayRetry ? defaultWaitSeconds : undefined);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  return { head: { status, headers }, body: bodyOf(failure) };
}

/** A failure in the middle of a stream, as a line of it. */
export function renderFailureEvent(failure: Failure): string {
  return `${bodyOf(failure)}\n`;
}

function bodyOf({ status, code, message, model, param, variant }: Failure): string {
  if (status === 404 && model !== undefined && (code === undefined || param === "model")) {
    return JSON.stringify({ error: `model '${model}' not found` });
  }
  if (message !== undefined) return JSON.stringify({ error: message });
  if (variant !== undefined) return JSON.stringify({ error: variants[variant] });
  return JSON.stringify({
    error: usual[status] ?? (status < 500 ? "the request was refused" : "something went wrong"),
  });
}

/** What the hosted models of the provider say when waiting does not help. */
const variants = {
  quota: "you've reached your usage limit, please upgrade to continue",
  "too-large": "the prompt is longer than the context of the model",
};

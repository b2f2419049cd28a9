import { failuresOf, isUnknownModel, xRequestId, type Telling } from "../shared/failure.ts";

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

/** What the hosted models of the provider say when waiting does not help. */
const variants = {
  quota: "you've reached your usage limit, please upgrade to continue",
  "too-large": "the prompt is longer than the context of the model",
};

function errorOf({ failure, said }: Telling<string>): string {
  const { message, model, variant } = failure;
  if (isUnknownModel(failure)) return `model '${model}' not found`;
  return message ?? (variant === undefined ? said : variants[variant]);
}

/** A failure in the server's shape: one text, which in the middle of a stream is a line of it. */
export const { renderFailure, renderFailureEvent } = failuresOf<string, object>({
  usual,
  refused: "the request was refused",
  broken: "something went wrong",
  contentType: "application/json; charset=utf-8",
  callHeaders: xRequestId,
  retriesUnavailable: true,
  body: (telling) => ({ error: errorOf(telling) }),
  event: (body) => `${JSON.stringify(body)}\n`,
});

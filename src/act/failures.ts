import type { Request, UpstreamRuntime } from "./types.ts";
import { StuntdoubleError, type ErrorCode } from "../core/errors.ts";
import type { PreparedFault } from "../core/faults/index.ts";
import { methodsOf } from "../core/dialects/index.ts";
import type { HeaderMap } from "../core/types.ts";
import type { RateResult } from "../limits/rates.ts";

/** A call without a valid key. */
export function unauthenticated(found: "missing" | "wrong"): StuntdoubleError {
  const missing = "You didn't provide an API key. Send it as `Authorization: Bearer YOUR_KEY`.";
  const message = found === "missing" ? missing : "Incorrect API key provided.";
  return new StuntdoubleError("UNAUTHENTICATED", message, { detail: found });
}

/** @throws NOT_FOUND for a model that the configuration does not list, where it lists any */
export function refuseUnknownModel(listed: ReadonlySet<string> | undefined, model: string | undefined): void {
  if (listed === undefined || model === undefined || listed.has(model)) return;
  const message = `The model \`${model}\` does not exist or you do not have access to it.`;
  throw new StuntdoubleError("NOT_FOUND", message, { param: "model" });
}

/** Its response would repeat all headers of the request, and so the key that we send. */
export function traceRefused(): StuntdoubleError {
  return new StuntdoubleError("METHOD_NOT_ALLOWED", "TRACE is served on no path.");
}

/** Methods that are passed on where no operation says which it takes. */
const passedOn: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The methods that the path of a refused request takes. */
export function allowedMethods({ dialect, route }: Request): readonly string[] {
  const methods = methodsOf(dialect, route);
  if (methods.length === 0) return passedOn;
  return methods.includes("GET") ? [...methods, "HEAD"] : methods;
}

/** A path, or a method of a known path, that nobody can serve. */
export function notSimulated(request: Request): StuntdoubleError {
  const methods = methodsOf(request.dialect, request.route);
  if (methods.length > 0) {
    return new StuntdoubleError(
      "METHOD_NOT_ALLOWED",
      `${request.route} takes ${methods.join(", ")}, not ${request.method}.`,
    );
  }
  return new StuntdoubleError(
    "NOT_FOUND",
    `${request.method} ${request.route} cannot be simulated, and no upstream is configured for it.`,
  );
}

/** A WebSocket where no upstream is to serve it. */
export function webSocketNotSimulated({ route }: Request): StuntdoubleError {
  return new StuntdoubleError("NOT_FOUND", `There is no upstream to open ${route} at; WebSockets are not simulated.`);
}

/**
 * A call whose upstream is not asked for now.
 *
 * @param cause why no stand-in responds, where one should
 */
export function breakerOpen({ upstream, breaker }: UpstreamRuntime, cause?: unknown): StuntdoubleError {
  const why = cause instanceof Error ? ` No stand-in responds: ${cause.message}` : "";
  return new StuntdoubleError(
    "BREAKER_OPEN",
    `Upstream ${upstream.name} failed too often and is not asked for now.${why}`,
    { cause, retryAfterSeconds: Math.max(1, Math.ceil((breaker?.retryAfterMs() ?? 0) / 1000)) },
  );
}

/** An upstream that may not be asked: whether the simulator stands in for it, and what the caller is told else. */
export type Closed = {
  readonly isSimulated: boolean;
  /** @param cause why no stand-in responds, where one should */
  error(cause?: unknown): StuntdoubleError;
};

/** An upstream whose breaker is open. */
export function closedByBreaker(runtime: UpstreamRuntime): Closed {
  return { isSimulated: runtime.whenOpen === "simulate", error: (cause) => breakerOpen(runtime, cause) };
}

/** A call beyond its key's allowance. One that no minute can hold is told so, without a time to retry. */
export function rateLimited(refusal: Extract<RateResult, { ok: false }>, tokens: number): StuntdoubleError {
  const { exceeded, retryAfterMs, quota } = refusal;
  if (refusal.tooLarge) {
    const message = `Request too large on tokens per min (TPM): Limit ${quota.tokens?.limit ?? 0}, Requested ${tokens}. Waiting does not help; send less.`;
    return new StuntdoubleError("RATE_LIMITED", message, { param: "tokens" });
  }
  const unit = exceeded === "requests" ? "requests per min (RPM)" : "tokens per min (TPM)";
  const limit = quota[exceeded]?.limit ?? 0;
  const message = `Rate limit reached on ${unit}: Limit ${limit}. Please try again in ${(retryAfterMs / 1000).toFixed(3)}s.`;
  return new StuntdoubleError("RATE_LIMITED", message, {
    param: exceeded,
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}

/** How an upstream can give no response at all. */
const unreached: ReadonlySet<ErrorCode> = new Set(["UPSTREAM_CONNECT", "UPSTREAM_RESET", "UPSTREAM_TIMEOUT"]);

/** Whether an upstream gave no response at all. */
export function isUnreached({ code }: StuntdoubleError): boolean {
  return unreached.has(code);
}

/** Whether an upstream may do what the simulator cannot for its size, or for how the request is written. */
export function isBeyondUs({ code, status }: StuntdoubleError): boolean {
  return code === "RESPONSE_TOO_LARGE" || code === "BODY_TOO_LARGE" || status === 415;
}

/** A fault of that kind acts on the client's own connection. */
function needsOwnConnection(kind: string): StuntdoubleError {
  const message = `The fault ${kind} needs the client's connection, which through ext_proc is Envoy's.`;
  return new StuntdoubleError("CONFIG_INVALID", message);
}

/** A request that this node has forwarded already would go round without end. @see RFC 9110 §7.6.3 */
export function refuseLoop({ via }: HeaderMap, pseudonym: string): void {
  if (via === undefined || !via.includes(pseudonym)) return;
  throw new StuntdoubleError(
    "LOOP_DETECTED",
    "The request has been at this node before: an upstream of the configuration leads back to it.",
  );
}

/** @throws CONFIG_INVALID for a fault that nobody can have where the client's connection is a gateway's */
export function refuseThroughGateway(faults: readonly PreparedFault[]): void {
  const refused = faults.find(({ ownConnection }) => ownConnection === "refused");
  if (refused !== undefined) throw needsOwnConnection(refused.kind);
}

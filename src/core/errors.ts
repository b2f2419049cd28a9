/** Every way a call can fail by itself: HTTP status and one sentence for the person who meets it. Injected faults are not here. */
export const errorTable = {
  CONFIG_INVALID: { status: 500, summary: "The configuration has errors." },
  BODY_INVALID: { status: 400, summary: "The request is invalid." },
  RESPONSE_TOO_LARGE: { status: 400, summary: "The simulated response would be larger than allowed." },
  UNAUTHENTICATED: { status: 401, summary: "No valid API key was given." },
  NOT_FOUND: { status: 404, summary: "There is no such route, model or response." },
  METHOD_NOT_ALLOWED: { status: 405, summary: "The route exists, but not for this method." },
  REQUEST_TIMEOUT: { status: 408, summary: "The client took too long to send its request." },
  BODY_TOO_LARGE: { status: 413, summary: "The request body is larger than allowed." },
  RATE_LIMITED: { status: 429, summary: "The key used up its requests or tokens per minute." },
  BUDGET_SPENT: { status: 429, summary: "The budget of the upstream is spent." },
  CLIENT_GONE: { status: 499, summary: "The client left before the response was complete." },
  SEND_TIMEOUT: { status: 499, summary: "The client took nothing of the response for too long." },
  INTERNAL: { status: 500, summary: "Internal error." },
  UPSTREAM_CONNECT: { status: 502, summary: "The upstream could not be reached." },
  UPSTREAM_RESET: { status: 502, summary: "The upstream broke the connection." },
  UPSTREAM_INVALID: { status: 502, summary: "The upstream's response cannot be passed on." },
  UPSTREAM_HEAD_TOO_LARGE: { status: 502, summary: "The upstream's response head is larger than allowed." },
  QUEUE_FULL: { status: 503, summary: "All permits are taken and the queue is full." },
  QUEUE_TIMEOUT: { status: 503, summary: "No permit became free in time." },
  MEMORY_FULL: { status: 503, summary: "Requests and responses that wait take all the memory that they may." },
  OVERLOADED: { status: 503, summary: "The node has more requests than it can handle in time." },
  BREAKER_OPEN: { status: 503, summary: "The upstream failed too often; its breaker is open." },
  NODE_STOPPED: { status: 503, summary: "The node stopped before the response was complete." },
  UPSTREAM_TIMEOUT: { status: 504, summary: "The upstream timed out." },
  LOOP_DETECTED: { status: 508, summary: "The request has been at this node before." },
} as const satisfies Record<string, { status: number; summary: string }>;

/** The public contract of failures: these names appear in logs, metrics and docs. */
export type ErrorCode = keyof typeof errorTable;

const brand = Symbol.for("stuntdouble.error");

/** The one error that I/O throws; a dialect renders it in the caller's shape. */
export class StuntdoubleError extends Error {
  readonly [brand] = true;
  readonly code: ErrorCode;
  readonly status: number;
  /** The request field at fault, where there is one. */
  readonly param: string | undefined;
  /** What exactly is wrong, as the provider's `code` names it: `missing_required_parameter`, `invalid_type`, …; null where it gives none. */
  readonly detail: string | null | undefined;
  /** Seconds after which a retry may work; sent as `retry-after`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { cause?: unknown; param?: string; detail?: string | null; retryAfterSeconds?: number; status?: number } = {},
  ) {
    super(message, { cause: more.cause });
    this.name = "StuntdoubleError";
    this.code = code;
    this.status = more.status ?? errorTable[code].status;
    this.param = more.param;
    this.detail = more.detail;
    this.retryAfterSeconds = more.retryAfterSeconds;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/**
 * Turns anything caught into a StuntdoubleError; what is not one becomes INTERNAL with the original as `cause`.
 *
 * @returns never throws
 */
export function toStuntdoubleError(caught: unknown): StuntdoubleError {
  if (caught instanceof StuntdoubleError) return caught;
  return new StuntdoubleError("INTERNAL", "Stuntdouble failed to handle this request.", { cause: caught });
}

/** What a question gives; undefined where it throws a StuntdoubleError. */
export function attempt<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof StuntdoubleError) return undefined;
    throw error;
  }
}

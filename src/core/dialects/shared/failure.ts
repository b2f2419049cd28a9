import type { Failure, Quota, Rendered, StreamPlace } from "../types.ts";

/** How a provider tells failures: what it says by status, in which body, with which headers. */
export type FailureTable<Said, Body extends object> = {
  /** What it usually says with a status. */
  readonly usual: Readonly<Record<number, Said>>;
  /** The same where it depends on more than the status. */
  readonly varying?: Readonly<Record<number, (failure: Failure, waitSeconds: number | undefined) => Said>>;
  /** With any other status below 500, and with the rest. */
  readonly refused: Said;
  readonly broken: Said;
  readonly contentType: string;
  /** The headers by which it names a call. @param requestId empty where there is none */
  readonly callHeaders: (requestId: string) => string[];
  /** The value of `www-authenticate` on a 401; without it there is no such header. */
  readonly challenge?: string;
  /** A 503 may be tried again, also where no wait is given. */
  readonly retriesUnavailable: boolean;
  /** Further headers for clients that may try again. */
  readonly hints?: (status: number, waitSeconds: number | undefined) => string[];
  readonly quota?: QuotaTable;
  readonly body: (telling: Telling<Said>) => Body;
  /** The text of a body; its JSON when absent. */
  readonly text?: (body: Body, failure: Failure) => string;
  /** A failure in the middle of a stream. */
  readonly event: (body: Body, failure: Failure, place: StreamPlace | undefined) => string;
};

/** A failure, what the provider usually says with its status, and the wait that is told. */
export type Telling<Said> = {
  readonly failure: Failure;
  readonly said: Said;
  readonly waitSeconds: number | undefined;
};

/** How a provider tells what is left of a quota. */
export type QuotaTable = {
  /** The name of a header. */
  readonly header: (part: "limit" | "remaining" | "reset", unit: string) => string;
  /** Under which names each limit is told. */
  readonly units: { readonly requests: readonly string[]; readonly tokens: readonly string[] };
  /** How many tokens it says are left; just as many when absent. */
  readonly tokensLeft?: (left: number, limit: number) => number;
  readonly reset: (resetMs: number, nowMs: number) => string;
  /** The resets are times, so without the time there are no headers. */
  readonly needsNow?: true;
  /** A 429 on which waiting is useless has them too, where a wait is given all the same. */
  readonly withVariants?: true;
  /** The quota of a small account, after an injected 429. */
  readonly usedUp: (waitSeconds: number) => Quota;
};

/** Renders a provider's failures, as a dialect needs it. */
export type Failures = {
  /**
   * A failure in the provider's shape, and the headers its clients act on.
   *
   * @param failure without a `code` it is an injected fault, which looks like the provider's own
   * @returns headers with `retry-after` in whole seconds where a wait is given, and where trying again may help
   */
  readonly renderFailure: (failure: Failure) => Rendered;
  /** A failure in the middle of a stream, as its last event. */
  readonly renderFailureEvent: (failure: Failure, place?: StreamPlace) => string;
  /**
   * The headers that tell what is left, also with responses that succeed.
   *
   * @param quota what is overdrawn shows as 0 left
   * @param nowMs wall time in milliseconds since 1970, from which times are told
   * @returns names and values in turn
   */
  readonly quotaHeaders: (quota: Quota, nowMs?: number) => string[];
};

/** A wait where none was given, so that a client which may try again is told when. */
const defaultWaitSeconds = 1;

/** The failures of the provider that a table describes. */
export function failuresOf<Said, Body extends object>(table: FailureTable<Said, Body>): Failures {
  const { quota, text = (body) => JSON.stringify(body) } = table;
  return {
    renderFailure(failure) {
      const { status } = failure;
      const waitSeconds = waitOf(table, failure);
      const body = text(bodyOf(table, failure), failure);
      return { head: { status, headers: headersOf(table, failure, waitSeconds) }, body };
    },
    renderFailureEvent: (failure, place) => table.event(bodyOf(table, failure), failure, place),
    quotaHeaders: (left, nowMs = 0) => (quota === undefined ? [] : quotaHeaders(quota, left, nowMs)),
  };
}

/** The body of a failure before it is text. */
export function bodyOf<Said, Body extends object>(table: FailureTable<Said, Body>, failure: Failure): Body {
  const { status } = failure;
  const waitSeconds = waitOf(table, failure);
  const said =
    table.varying?.[status]?.(failure, waitSeconds) ??
    table.usual[status] ??
    (status < 500 ? table.refused : table.broken);
  return table.body({ failure, said, waitSeconds });
}

type Waiting = Pick<FailureTable<unknown, object>, "retriesUnavailable">;

/** Seconds after which a retry may work; undefined where none is given and waiting is useless. */
function waitOf({ retriesUnavailable }: Waiting, failure: Failure): number | undefined {
  const { status, retryAfterSeconds } = failure;
  const mayRetry = isInjectedLimit(failure) || (retriesUnavailable && status === 503);
  return retryAfterSeconds ?? (mayRetry ? defaultWaitSeconds : undefined);
}

/** An injected 429, but none of those that only look like one to retry. */
function isInjectedLimit({ status, code, variant }: Failure): boolean {
  return status === 429 && code === undefined && variant === undefined;
}

type Heading = Pick<FailureTable<unknown, object>, "contentType" | "callHeaders" | "challenge" | "hints" | "quota">;

function headersOf(table: Heading, failure: Failure, waitSeconds: number | undefined): string[] {
  const { contentType, callHeaders, challenge, hints, quota } = table;
  const { status, requestId } = failure;
  const headers = ["content-type", contentType, ...callHeaders(requestId)];
  if (status === 401 && challenge !== undefined) headers.push("www-authenticate", challenge);
  if (waitSeconds !== undefined) headers.push("retry-after", String(Math.ceil(waitSeconds)));
  // Who is told to come again tomorrow shall not try again now.
  const hintedSeconds = failure.code === "BUDGET_SPENT" ? undefined : waitSeconds;
  if (hints !== undefined) headers.push(...hints(status, hintedSeconds));
  if (quota === undefined || waitSeconds === undefined) return headers;
  return [...headers, ...usedUp(quota, failure, waitSeconds)];
}

function usedUp(table: QuotaTable, failure: Failure, waitSeconds: number): string[] {
  const { status, code, nowMs } = failure;
  const isLimit = table.withVariants === true ? status === 429 && code === undefined : isInjectedLimit(failure);
  if (!isLimit || (table.needsNow === true && nowMs === undefined)) return [];
  return quotaHeaders(table, table.usedUp(waitSeconds), nowMs ?? 0);
}

function quotaHeaders(table: QuotaTable, { requests, tokens }: Quota, nowMs: number): string[] {
  const { header, units, reset, tokensLeft } = table;
  const headers: string[] = [];
  const add = (unit: string, { limit, resetMs }: Allowance, left: number): void => {
    headers.push(header("limit", unit), String(limit), header("remaining", unit), String(left));
    headers.push(header("reset", unit), reset(resetMs, nowMs));
  };
  if (requests !== undefined) {
    for (const unit of units.requests) add(unit, requests, Math.max(0, Math.floor(requests.remaining)));
  }
  if (tokens !== undefined) {
    const left = Math.max(0, tokens.remaining);
    const told = tokensLeft === undefined ? Math.floor(left) : tokensLeft(left, tokens.limit);
    for (const unit of units.tokens) add(unit, tokens, told);
  }
  return headers;
}

type Allowance = NonNullable<Quota["requests"]>;

/** The name of a call in `x-request-id`. @param requestId empty where there is none */
export function xRequestId(requestId: string): string[] {
  return requestId === "" ? [] : ["x-request-id", requestId];
}

/** Whether a failure says that the model is not there: by its status, or by the parameter at fault. */
export function isUnknownModel({ status, code, model, param }: Failure): boolean {
  return status === 404 && model !== undefined && (code === undefined || param === "model");
}

/** The exact wait in milliseconds, for clients that look there first. */
export function retryAfterMs(status: number, waitSeconds: number | undefined): string[] {
  return status === 429 && waitSeconds !== undefined ? ["retry-after-ms", String(Math.ceil(waitSeconds * 1000))] : [];
}

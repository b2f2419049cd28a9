import { headerValue } from "../headers.ts";
import type { HeaderList, Outcome } from "../types.ts";

/**
 * Why an attempt was no success: by what may be tried again (`retryable`, and what broke off or was given up by its client),
 * and by what should not be.
 */
export const failureKinds = [
  "retryable",
  "broken",
  "hung-up",
  "400",
  "401",
  "403",
  "404",
  "422",
  "4xx",
  "quota",
  "content",
  "told-not-to",
] as const;

/** Why an attempt was no success. */
export type FailureKind = (typeof failureKinds)[number];

/** What should not be tried again, because it gives the same each time. */
export const finalKinds = ["400", "401", "403", "404", "422", "4xx", "quota", "content", "told-not-to"] as const;

/** Why a retry was of no use. */
export type FinalKind = (typeof finalKinds)[number];

/** Whether an attempt should not be tried again. */
export function isFinal(kind: FailureKind): kind is FinalKind {
  return kind !== "retryable" && kind !== "broken" && kind !== "hung-up";
}

/** What a response without success says of the next attempt. */
export type Advice = {
  /** `x-should-retry`; undefined where it is not there. */
  readonly shouldRetry: boolean | undefined;
  /** The beginning of its body, as far as it can be read. */
  readonly text: string;
};

/** Statuses of client errors after which another attempt makes sense. */
const retryable: ReadonlySet<number> = new Set([408, 409, 425, 429]);

const quota = /insufficient_quota|billing_hard_limit_reached|billing_not_active|credit balance is too low/;
const content = /content_filter|content_policy_violation|ResponsibleAIPolicyViolation/;

/** Whether its client got all it asked for. */
export function isSuccess({ status, ending }: Pick<Outcome, "status" | "ending">): boolean {
  return ending === "finish" && status >= 100 && status < 400;
}

/** Why an attempt was no success. */
export function failureKindOf(outcome: Pick<Outcome, "status" | "ending">, advice: Advice): FailureKind {
  const { status, ending } = outcome;
  if (ending === "client-gone" || ending === "stall") return "hung-up";
  if (ending !== "finish") return "broken";
  if (status < 500 && content.test(advice.text)) return "content";
  if (quota.test(advice.text)) return "quota";
  if (advice.shouldRetry !== undefined) return advice.shouldRetry ? "retryable" : "told-not-to";
  if (status >= 500 || retryable.has(status)) return "retryable";
  return failureKinds.find((kind) => kind === String(status)) ?? "4xx";
}

const time = /^\d{1,12}(?:\.\d{1,6})?$/;

/**
 * How long a response asks its client to wait: by `retry-after-ms`, else by `retry-after`, in seconds or as a date.
 *
 * @param nowMs wall clock when it was sent, milliseconds since 1970
 * @returns milliseconds, 0 for a date that has passed; undefined where nothing is asked that can be understood
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(headers: HeaderList, nowMs: number): number | undefined {
  const ms = headerValue(headers, "retry-after-ms")?.trim();
  if (ms !== undefined && time.test(ms)) return Number(ms);
  const value = headerValue(headers, "retry-after")?.trim();
  if (value === undefined) return undefined;
  if (time.test(value)) return Number(value) * 1000;
  const atMs = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** What `x-should-retry` says; undefined where it says nothing. */
export function shouldRetry(headers: HeaderList): boolean | undefined {
  const value = headerValue(headers, "x-should-retry")?.trim();
  return value === "true" ? true : value === "false" ? false : undefined;
}

/** How a client kept to the time that `retry-after` asked it to wait. */
export const waitResults = ["nothing-asked", "as-asked", "too-early", "ignored"] as const;

/** How a client kept to the time that it was asked to wait. */
export type WaitResult = (typeof waitResults)[number];

/** Clocks and networks differ by as much. */
const toleranceMs = 50;

/**
 * How a client kept to the time that it was asked to wait: `too-early` waited at least half of it, `ignored` less.
 *
 * @param askedMs undefined where nothing was asked
 * @param waitedMs from the end of the response to the next attempt
 */
export function waitResultOf(askedMs: number | undefined, waitedMs: number): WaitResult {
  if (askedMs === undefined) return "nothing-asked";
  if (waitedMs >= askedMs - toleranceMs) return "as-asked";
  return waitedMs >= askedMs / 2 ? "too-early" : "ignored";
}

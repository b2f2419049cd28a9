import { headerValue } from "../headers.ts";
import type { HeaderList } from "../types.ts";

const number = /^\d{1,12}(?:\.\d{1,6})?$/;

/**
 * How long a response asks its client to wait: by `retry-after-ms`, else by `retry-after`, in seconds or as a date.
 *
 * @param nowMs wall clock when it was sent, milliseconds since 1970
 * @returns milliseconds, 0 for a date that has passed; undefined where nothing is asked that can be understood
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(headers: HeaderList, nowMs: number): number | undefined {
  const ms = headerValue(headers, "retry-after-ms")?.trim();
  if (ms !== undefined && number.test(ms)) return Number(ms);
  const value = headerValue(headers, "retry-after")?.trim();
  if (value === undefined) return undefined;
  if (number.test(value)) return Number(value) * 1000;
  const atMs = /[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** What `x-should-retry` says; undefined where it says nothing. */
export function shouldRetry(headers: HeaderList): boolean | undefined {
  const value = headerValue(headers, "x-should-retry")?.trim();
  return value === "true" ? true : value === "false" ? false : undefined;
}

import { attemptHeader } from "../core/headers.ts";
import type { HeaderMap } from "../core/types.ts";

const traceparent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-/;
const noTrace = /^0+$/;

/**
 * The trace that a request belongs to.
 *
 * @returns 32 hex digits; undefined without a valid `traceparent`
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceIdOf({ traceparent: header }: HeaderMap): string | undefined {
  const id = header === undefined ? undefined : traceparent.exec(header)?.[1];
  return id === undefined || noTrace.test(id) ? undefined : id;
}

/**
 * Which attempt of its caller a request is, where the caller counts them as the official clients do.
 *
 * @returns from 1; undefined without a valid `x-stainless-retry-count`
 */
export function attemptOf({ [attemptHeader]: header }: HeaderMap): number | undefined {
  return header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) + 1 : undefined;
}

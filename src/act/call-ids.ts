import { attemptOf } from "../core/clients/attempts.ts";
import type { HeaderMap } from "../core/types.ts";
import type { Request } from "./types.ts";

const traceparent = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-/;
const noTrace = /^0+$/;

/**
 * The trace that a request belongs to.
 *
 * @param span of its call, where traces are made
 * @returns 32 hex digits; undefined without a valid `traceparent` and without a span
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceIdOf({ traceparent: header }: HeaderMap, span?: { traceId: string }): string | undefined {
  if (span !== undefined) return span.traceId;
  const id = header === undefined ? undefined : traceparent.exec(header)?.[1];
  return id === undefined || noTrace.test(id) ? undefined : id;
}

/** Which attempt of its caller a request is, from 1; undefined where neither its headers nor the calls before it tell. */
export function attemptNumberOf({ headers, state }: Pick<Request, "headers" | "state">): number | undefined {
  return state === undefined ? attemptOf(headers) : state.known();
}

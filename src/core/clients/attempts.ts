import { attemptHeader } from "../headers.ts";
import type { HeaderMap } from "../types.ts";

const count = /^\d{1,4}$/;
const awsAttempt = /(?:^|[;\s])attempt=(\d{1,4})(?:[;\s]|$)/;

/**
 * Which attempt of its caller a request is, as far as its headers tell: by the official clients' `x-stainless-retry-count`,
 * by AWS's `amz-sdk-request`, and by Envoy's `x-envoy-attempt-count` on top of them.
 *
 * @returns from 1; undefined where no header tells
 */
export function attemptOf(headers: HeaderMap): number | undefined {
  const retries = numberOf(headers[attemptHeader]);
  const aws = headers["amz-sdk-request"];
  const clients =
    retries === undefined ? numberOf(aws === undefined ? undefined : awsAttempt.exec(aws)?.[1]) : retries + 1;
  const gateways = numberOf(headers["x-envoy-attempt-count"]);
  if (clients === undefined && gateways === undefined) return undefined;
  return Math.max(1, clients ?? 1) + Math.max(1, gateways ?? 1) - 1;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && count.test(value) ? Number(value) : undefined;
}

/** Headers that have the same value in all attempts of a request, and no other. */
const idHeaders = ["idempotency-key", "x-stainless-idempotency-key", "amz-sdk-invocation-id"] as const;

/** What all attempts of a request have in common, where its client says so. */
export function requestKeyOf(headers: HeaderMap): string | undefined {
  for (const name of idHeaders) {
    const value = headers[name];
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

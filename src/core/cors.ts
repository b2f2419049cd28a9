import type { Head, HeaderMap } from "./types.ts";

/** The time for which browsers may remember the response to a preflight, in seconds; most forget it earlier. */
const maxAgeSeconds = 86_400;

/** Whether a request is what a browser asks before a page may send the request it means. @see Fetch standard, CORS preflight */
export function isPreflight(method: string, headers: HeaderMap): boolean {
  return (
    method === "OPTIONS" && headers["origin"] !== undefined && headers["access-control-request-method"] !== undefined
  );
}

/** Lets a page send what it asked for; which page, its origin headers say. */
export function preflightHead(headers: HeaderMap): Head {
  const method = headers["access-control-request-method"] ?? "";
  const asked = headers["access-control-request-headers"];
  const told = ["access-control-allow-methods", method, "access-control-max-age", String(maxAgeSeconds)];
  return { status: 204, headers: asked === undefined ? told : [...told, "access-control-allow-headers", asked] };
}

/** The headers by which a page of an origin may read a response. @param origin its own, or `*` */
export function originHeaders(origin: string): string[] {
  const allowed = ["access-control-allow-origin", origin];
  return origin === "*" ? allowed : [...allowed, "vary", "Origin"];
}

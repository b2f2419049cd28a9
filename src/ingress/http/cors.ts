import { isPreflight, originHeaders, preflightHead } from "../../core/cors.ts";
import { compileGlob } from "../../core/glob.ts";
import { keepHeaders } from "../../core/headers.ts";
import type { Head, HeaderList, HeaderMap } from "../../core/types.ts";

/** Says which web pages may use the traffic port. @see Fetch standard, CORS protocol */
export type Cors = {
  /** The response to a preflight; undefined for any other request. */
  preflight(method: string, headers: HeaderMap): Head | undefined;
  /** The headers of a response to a page, whatever its upstream said. */
  allow(headers: HeaderList, origin: string): HeaderList;
};

/** What an upstream may have said of the origin. */
const theirs: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
]);

/** @param origins such as `https://app.example.com`, with `*` for any characters */
export function createCors(origins: readonly string[]): Cors {
  const known = origins.map((origin) => compileGlob(origin));
  const any = origins.includes("*");
  const allowed = (origin: string): string | undefined => {
    if (any) return "*";
    return known.some((matches) => matches(origin)) ? origin : undefined;
  };
  return {
    preflight(method, headers) {
      if (!isPreflight(method, headers)) return undefined;
      return allowed(headers["origin"] ?? "") === undefined ? { status: 204, headers: [] } : preflightHead(headers);
    },
    allow(headers, asking) {
      const rest = keepHeaders(headers, (name) => !theirs.has(name));
      const origin = allowed(asking);
      return origin === undefined ? rest : [...rest, ...originHeaders(origin), "access-control-expose-headers", "*"];
    },
  };
}

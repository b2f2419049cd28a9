import type { FastifyReply, FastifyRequest } from "fastify";
import { mapOf } from "./dashboard/form.ts";
import { isSame, sessionIn, setCookie, type Sessions } from "./dashboard/sessions.ts";
import { refusedHost, refusedOrigin, refusedToken } from "./guard.ts";
import { ProblemError } from "./problem.ts";
import { probePaths } from "./resources/probes.ts";

/** Where a browser presents the token. */
export const loginPath = "/login";

/** What decides who may ask. */
export type AccessOptions = {
  readonly hosts: readonly string[];
  readonly sessions: Sessions;
  /** SHA-256 of the token that callers must present, 64 hex digits; undefined lets everyone in. */
  tokenSha256(): string | undefined;
};

/** Lets requests in. */
export type Access = {
  /** Before the body is read. @throws ProblemError where the request is refused */
  enter(request: FastifyRequest, reply: FastifyReply): void;
  /** With the body. @throws ProblemError 403 for a change by a browser that does not send what its page was given */
  change(request: FastifyRequest): void;
  /** What forms of a page send along; a browser without a session gets one. */
  page(request: FastifyRequest, reply: FastifyReply): { readonly csrf: string; readonly hasLogin: boolean };
  /** Whether callers present a token. */
  hasToken(): boolean;
};

const safe: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Makes the guard of the admin API: host and origin, then token or session. */
export function createAccess({ hosts, sessions, tokenSha256 }: AccessOptions): Access {
  const sessionOf = ({ headers }: FastifyRequest): string | undefined => {
    const cookie = sessionIn(headers.cookie);
    return cookie !== undefined && sessions.isGood(cookie, tokenSha256()) ? cookie : undefined;
  };
  return {
    enter(request, reply) {
      const { host, origin, authorization } = request.headers;
      const isProbe = probePaths.includes(request.url);
      const refusal = refusedOrigin(origin, host) ?? (isProbe ? undefined : refusedHost(host, hosts));
      if (refusal !== undefined) throw new ProblemError(403, refusal);
      if (isProbe || request.url === loginPath) return;
      if (authorization === undefined && sessionOf(request) !== undefined) return;
      const unauthenticated = refusedToken(authorization, tokenSha256());
      if (unauthenticated === undefined) return;
      reply.header("www-authenticate", "Bearer");
      throw new ProblemError(401, unauthenticated);
    },
    change(request) {
      const { method, headers, body, url } = request;
      if (safe.has(method) || url === loginPath || !isByBrowser(request)) return;
      const session = sessionOf(request);
      const given = headers["x-csrf-token"] ?? mapOf(body)["csrf"];
      if (session !== undefined && typeof given === "string" && isSame(given, sessions.csrfOf(session))) return;
      throw new ProblemError(
        403,
        "A change by a browser needs the CSRF token of a page of this node; load the page again.",
      );
    },
    page(request, reply) {
      let session = sessionOf(request);
      if (session === undefined) reply.header("set-cookie", setCookie((session = sessions.issue(tokenSha256()))));
      return { csrf: sessions.csrfOf(session), hasLogin: tokenSha256() !== undefined };
    },
    hasToken: () => tokenSha256() !== undefined,
  };
}

/** A page cannot send the token in a header without having it; what comes with a cookie or from a page could be forged. */
function isByBrowser({ headers }: FastifyRequest): boolean {
  if (headers.authorization !== undefined) return false;
  return (
    headers.origin !== undefined || headers["sec-fetch-site"] !== undefined || sessionIn(headers.cookie) !== undefined
  );
}

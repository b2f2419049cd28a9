import { hash } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { loginPath } from "../access.ts";
import type { AdminResponse } from "../resource.ts";
import { loginDocument } from "./document.ts";
import { mapOf } from "./form.ts";
import { isSame, setCookie, type Sessions } from "./sessions.ts";

/** What a login is checked with. */
export type LoginOptions = { readonly sessions: Sessions; tokenSha256(): string | undefined };

/** `GET /login`, `POST /login` and `POST /dashboard/do/logout`. */
export function addLogin(app: FastifyInstance, { sessions, tokenSha256 }: LoginOptions): void {
  const page = (error: string | undefined, status: number): AdminResponse => loginDocument(error, status);
  app.get(loginPath, (_request, reply) => {
    const { status, type, text, headers = {} } = page(undefined, 200);
    return reply.code(status).headers(headers).type(type).send(text);
  });
  app.post(loginPath, (request, reply) => {
    const wanted = tokenSha256();
    const token = mapOf(request.body)["token"] ?? "";
    if (wanted === undefined || isSame(hash("sha256", token.trim()), wanted))
      return reply.header("set-cookie", setCookie(sessions.issue(wanted))).redirect("/", 303);
    const { status, type, text, headers = {} } = page("This is not the token of the admin API.", 401);
    return reply.code(status).headers(headers).type(type).send(text);
  });
  app.post("/dashboard/do/logout", (_request, reply) =>
    reply.header("set-cookie", setCookie()).redirect(loginPath, 303),
  );
}

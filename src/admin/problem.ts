import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** Ends a request of the admin API with a problem; `message` is shown to the caller. */
export class ProblemError extends Error {
  readonly status: number;
  /** Further members of the problem. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "ProblemError";
    this.status = status;
    this.more = more;
  }
}

/**
 * Answers with `application/problem+json`.
 *
 * @param detail one sentence for the person who meets it
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  more: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  const problem = { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail, ...more };
  return reply
    .code(status)
    .type("application/problem+json; charset=utf-8")
    .send(`${JSON.stringify(problem)}\n`);
}

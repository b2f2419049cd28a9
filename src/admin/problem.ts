import { STATUS_CODES } from "node:http";

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

/** The content type of a problem. */
export const problemType = "application/problem+json; charset=utf-8";

/**
 * A problem as JSON.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problemText({ status, message, more }: ProblemError): string {
  const title = STATUS_CODES[status] ?? "Error";
  return `${JSON.stringify({ type: "about:blank", title, status, detail: message, ...more })}\n`;
}

import { STATUS_CODES } from "node:http";

/** What each type of problem means, by its name. The names stay what they are: programs tell problems apart by them. */
export const problemTypes = {
  "bad-request": "The request cannot be read: its framing, its path or its JSON",
  "invalid-parameter": "A query parameter is unknown, is given twice, or has a value that is not allowed",
  "invalid-body": "What was sent has errors, which `errors` lists; nothing was changed",
  unauthenticated: "The token of the admin API is missing or is another one",
  forbidden: "The request comes from a page of another site, under a public host name, or without a CSRF token",
  "open-admin": "The admin API takes requests of other machines without a token, and does not do that for all of them",
  "not-found": "There is no such path, or nothing of that id",
  "method-not-allowed": "The path takes other methods, which `Allow` lists",
  "not-acceptable": "There is no form that the Accept header takes",
  "request-timeout": "The request took too long to arrive",
  conflict: "The state of the node does not allow it",
  "precondition-failed": "What If-Match names has changed since",
  "too-large": "The body is too large",
  "unsupported-type": "The path takes no body of that content type",
  "invalid-configuration": "The configuration has errors, which `errors` lists; the one before stays in force",
  "headers-too-large": "The request headers are too large",
  internal: "Internal error; the log has the reason",
  "not-served": "The method is not served",
} as const;

/** The name of a type of problem. */
export type ProblemType = keyof typeof problemTypes;

const usualTypes: Readonly<Record<number, ProblemType>> = {
  400: "bad-request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not-found",
  405: "method-not-allowed",
  406: "not-acceptable",
  408: "request-timeout",
  409: "conflict",
  412: "precondition-failed",
  413: "too-large",
  415: "unsupported-type",
  422: "invalid-configuration",
  431: "headers-too-large",
  500: "internal",
  501: "not-served",
};

/** Ends a request of the admin API with a problem; `message` is shown to the caller. */
export class ProblemError extends Error {
  readonly status: number;
  /** Further members of the problem. */
  readonly more: Readonly<Record<string, unknown>>;
  readonly type: ProblemType | undefined;

  /** @param more further members; `problem` is the type, where it is not the usual one of the status */
  constructor(
    status: number,
    message: string,
    more: { readonly problem?: ProblemType; [member: string]: unknown } = {},
  ) {
    super(message);
    const { problem, ...members } = more;
    this.name = "ProblemError";
    this.status = status;
    this.type = problem ?? usualTypes[status];
    this.more = members;
  }
}

/** What was sent has these errors. */
export function invalidBody(message: string, errors: readonly unknown[]): ProblemError {
  return new ProblemError(400, message, { problem: "invalid-body", errors });
}

/** The content type of a problem. */
export const problemMedia = "application/problem+json";
/** The same with its charset. */
export const problemType = `${problemMedia}; charset=utf-8`;

/** The URI of a type of problem. */
function problemUri(type: ProblemType): string {
  return `urn:stuntdouble:problem:${type}`;
}

/**
 * A problem as JSON.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export function problemText({ status, message, type, more }: ProblemError): string {
  const title = STATUS_CODES[status] ?? "Error";
  const uri = type === undefined ? "about:blank" : problemUri(type);
  return `${JSON.stringify({ type: uri, title, status, detail: message, ...more })}\n`;
}

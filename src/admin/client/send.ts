/** Where a node is asked. */
export type AdminPlace = {
  /** Of its admin API, such as `http://127.0.0.1:8081`. */
  readonly url: string | URL;
  /** Of the admin API, where it asks for one. */
  readonly token?: string | undefined;
  /** Ends what is under way. */
  readonly signal?: AbortSignal | undefined;
};

/** One request. */
export type AdminCall = {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** The JSON to send. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly text?: { readonly type: string; readonly text: string };
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** An ETag: the change is made only if what it changes is still the same. */
  readonly ifMatch?: string | undefined;
};

/** What the admin API responds with where it refuses, by RFC 9457. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Everything that is wrong with what was sent, where there may be more than one thing. */
  readonly errors?: readonly ProblemPart[];
  readonly [member: string]: unknown;
};

/** One thing that is wrong: a sentence, or a place with what is wrong there. */
export type ProblemPart =
  | string
  | { readonly path: string; readonly message: string; readonly allowed?: readonly string[] };

/** A node that refused, or could not be reached. */
export class AdminError extends Error {
  /** Undefined where the node could not be reached, or something else responded. */
  readonly problem: Problem | undefined;
  /** Undefined where the node could not be reached. */
  readonly status: number | undefined;

  constructor(message: string, more: { cause?: unknown; problem?: Problem | undefined; status?: number } = {}) {
    super(message, { cause: more.cause });
    this.name = "AdminError";
    this.problem = more.problem;
    this.status = more.status;
  }
}

/**
 * Asks the admin API once.
 *
 * @param path such as `/admin/v1/status`
 * @returns a response below 400
 * @throws AdminError where the node refuses or cannot be reached
 */
export async function sendTo(place: AdminPlace, path: string, call: AdminCall): Promise<Response> {
  const url = new URL(path, place.url);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const response = await reach(place, url, call);
  if (response.ok) return response;
  const text = await response.text();
  const { status } = response;
  throw new AdminError(refusalOf(status, text), { problem: problemIn(text), status });
}

async function reach({ url: base, token, signal }: AdminPlace, url: URL, call: AdminCall): Promise<Response> {
  const { method = "GET", body, ifMatch } = call;
  const headers = new Headers();
  if (token !== undefined && token !== "") headers.set("authorization", `Bearer ${token}`);
  if (ifMatch !== undefined) headers.set("if-match", ifMatch);
  const sent = call.text ?? (body === undefined ? undefined : { type: "application/json", text: JSON.stringify(body) });
  if (sent !== undefined) headers.set("content-type", sent.type);
  try {
    return await fetch(url, { method, headers, body: sent?.text ?? null, signal: signal ?? null });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new AdminError(`could not reach ${String(base)}: ${cause}. --admin names another place.`, { cause: error });
  }
}

function refusalOf(status: number, text: string): string {
  const problem = problemIn(text);
  return `${problem?.detail ?? `the admin API responded with ${status}`}${(problem?.errors ?? []).map(partText).join("")}`;
}

function partText(part: ProblemPart): string {
  if (typeof part === "string") return `\n  ${part}`;
  const { path, message, allowed } = part;
  const choice = allowed === undefined ? "" : `. Allowed: ${allowed.join(", ")}`;
  return `\n  ${path === "" ? "experiment" : path}: ${message}${choice}`;
}

function problemIn(text: string): Problem | undefined {
  try {
    const problem: Problem = JSON.parse(text);
    return problem;
  } catch {
    return undefined;
  }
}

import { StuntdoubleError } from "../core/errors.ts";

/** Asks a node's admin API; what the node refuses, or that it cannot be reached, is an error with its reason. */
export type AdminClient = {
  /** @param path behind `/admin/v1/` */
  send<Body>(method: string, path: string, body?: unknown): Promise<Body>;
  text(path: string): Promise<string>;
};

const defaultUrl = "http://127.0.0.1:8081";
const defaultVariable = "STUNTDOUBLE_ADMIN_TOKEN";

/** A node that refused, or could not be reached. */
export class AdminError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "AdminError";
  }
}

/**
 * Makes a client of the admin API.
 *
 * @param flags where it is, and which variable of the environment has its token
 * @throws CONFIG_INVALID for a URL that is none, or a variable that was named and is not set
 */
export function createAdminClient(
  flags: { readonly admin?: string; readonly "token-env"?: string },
  env: Readonly<Record<string, string | undefined>>,
): AdminClient {
  const { admin = defaultUrl } = flags;
  if (!URL.canParse(admin) || !/^https?:$/.test(new URL(admin).protocol))
    throw new StuntdoubleError("CONFIG_INVALID", `--admin must be a URL such as ${defaultUrl}, not "${admin}".`);
  const named = flags["token-env"];
  const token = env[named ?? defaultVariable]?.trim();
  if (named !== undefined && (token === undefined || token === ""))
    throw new StuntdoubleError("CONFIG_INVALID", `the environment variable ${named} is not set.`);
  const ask = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (token !== undefined && token !== "") headers.set("authorization", `Bearer ${token}`);
    const response = await reach(admin, path, { ...init, headers });
    if (!response.ok) throw new AdminError(refusalOf(response.status, await response.text()));
    return response;
  };
  return {
    async send<Body>(method: string, path: string, body?: unknown) {
      const sent =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      // What the admin API of the same version says.
      const told: Body = JSON.parse(await (await ask(path, { method, ...sent })).text());
      return told;
    },
    text: async (path) => await (await ask(path, {})).text(),
  };
}

async function reach(admin: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(`/admin/v1/${path}`, admin), init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new AdminError(`could not reach ${admin}: ${cause}. --admin names another place.`, error);
  }
}

type Problem = { readonly detail?: string; readonly errors?: readonly ProblemPart[] };
type ProblemPart = { readonly path: string; readonly message: string; readonly allowed?: readonly string[] };

function refusalOf(status: number, text: string): string {
  const problem = problemIn(text);
  const parts = (problem?.errors ?? []).map(({ path, message, allowed }) => {
    const choice = allowed === undefined ? "" : `. Allowed: ${allowed.join(", ")}`;
    return `\n  ${path === "" ? "experiment" : path}: ${message}${choice}`;
  });
  return `${problem?.detail ?? `the admin API responded with ${status}`}${parts.join("")}`;
}

function problemIn(text: string): Problem | undefined {
  try {
    const problem: Problem = JSON.parse(text);
    return problem;
  } catch {
    return undefined;
  }
}

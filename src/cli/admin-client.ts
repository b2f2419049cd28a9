import { createAdminClient as clientAt, type AdminClient } from "../admin/client/index.ts";
import type { AdminPlace } from "../admin/client/send.ts";
import { StuntdoubleError } from "../core/errors.ts";

export { AdminError, type AdminClient } from "../admin/client/index.ts";

const defaultUrl = "http://127.0.0.1:8081";
const defaultVariable = "STUNTDOUBLE_ADMIN_TOKEN";

/** Where the admin API is, and which variable of the environment has its token. */
export type AdminFlags = { readonly admin?: string; readonly "token-env"?: string };

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Makes a client of the admin API that the command line names.
 *
 * @throws CONFIG_INVALID for a URL that is none, or a variable that was named and is not set
 */
export function createAdminClient(flags: AdminFlags, env: Env): AdminClient {
  return clientAt(adminPlace(flags, env));
}

/** Where the admin API is that the command line names. @throws as `createAdminClient` does */
export function adminPlace(flags: AdminFlags, env: Env): AdminPlace {
  const { admin = defaultUrl } = flags;
  if (!URL.canParse(admin) || !/^https?:$/.test(new URL(admin).protocol))
    throw new StuntdoubleError("CONFIG_INVALID", `--admin must be a URL such as ${defaultUrl}, not "${admin}".`);
  const named = flags["token-env"];
  const token = env[named ?? defaultVariable]?.trim();
  if (named !== undefined && (token === undefined || token === ""))
    throw new StuntdoubleError("CONFIG_INVALID", `the environment variable ${named} is not set.`);
  return { url: admin, token: token === "" ? undefined : token };
}

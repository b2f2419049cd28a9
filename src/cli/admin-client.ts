import { createAdminClient as clientAt, type AdminClient } from "../admin/client/index.ts";
import { StuntdoubleError } from "../core/errors.ts";

export { AdminError, type AdminClient } from "../admin/client/index.ts";

const defaultUrl = "http://127.0.0.1:8081";
const defaultVariable = "STUNTDOUBLE_ADMIN_TOKEN";

/**
 * Makes a client of the admin API that the command line names.
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
  return clientAt({ url: admin, token });
}

import { StuntdoubleError } from "../core/errors.ts";
import { digestOf } from "./checks.ts";
import type { Settings } from "./load.ts";

/**
 * The SHA-256 of the token that the admin API asks for.
 *
 * @returns 64 lower-case hex digits; undefined where it asks for none
 * @throws CONFIG_INVALID where a variable is named that is not set, since the API would be open then
 */
export function adminTokenOf({ config, env }: Settings): string | undefined {
  const { tokenSha256, tokenEnv } = config.admin;
  const digest = digestOf({ sha256: tokenSha256, env: tokenEnv }, env);
  if (digest === undefined && tokenEnv !== undefined)
    throw new StuntdoubleError("CONFIG_INVALID", `The environment variable ${tokenEnv} is not set.`);
  return digest;
}

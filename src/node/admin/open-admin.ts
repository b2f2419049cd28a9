import { ProblemError } from "../../admin/problem.ts";
import type { Settings } from "../../config/load.ts";
import { isLoopbackHost } from "../../config/own-address.ts";

/**
 * Whoever reaches the port may break the calls of others: a token, or a port that only this machine reaches, keeps them out.
 *
 * @param what is refused then, as the first word of a sentence
 * @throws ProblemError 403 where neither does
 */
export function refuseOpenAdmin({ config: { admin } }: Settings, what: string): void {
  const { host, tokenEnv, tokenSha256 } = admin;
  if (tokenEnv !== undefined || tokenSha256 !== undefined || isLoopbackHost(host)) return;
  const message =
    "need admin.tokenSha256 or admin.tokenEnv, or an admin.host that only this machine reaches, such as 127.0.0.1.";
  throw new ProblemError(403, `${what} ${message}`, { problem: "open-admin" });
}

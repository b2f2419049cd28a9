import { isIP } from "node:net";
import type { Settings } from "../../config/load.ts";
import { fail, ok, warn, type Check } from "./types.ts";

const strongLength = 24;

/** Checks who may use the admin API. */
export function adminCheck({ config: { admin }, env }: Pick<Settings, "config" | "env">): Check {
  const name = "admin API";
  const where = `${admin.host}:${admin.port}`;
  const next = "set admin.tokenEnv, with a token from: openssl rand -hex 32";
  const token = admin.tokenEnv === undefined ? undefined : env[admin.tokenEnv]?.trim();
  const hasToken = admin.tokenSha256 !== undefined || token !== undefined;
  if (!hasToken && isLoopback(admin.host)) return ok(name, `${where} is for this machine only, without a token`);
  if (!hasToken)
    return fail(name, `${where} can be reached from elsewhere, and has no token`, `${next}, or admin.host: 127.0.0.1`);
  if (token !== undefined && isWeak(token))
    return warn(name, `the token for ${where} can be guessed: it is short, or has few different characters`, next);
  return ok(name, `${where} asks for a token`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function isWeak(token: string): boolean {
  return token.length < strongLength || new Set(token).size < 8;
}

import { z } from "zod";
import { mapOf, isMapping, type Checked, type Path, type Raw } from "../findings.ts";
import { checkTlsFiles, tlsFiles } from "./tls-files.ts";
import { secretOf, variable, type Environment } from "../values.ts";

const redis = z.strictObject({
  url: z
    .string()
    .superRefine((text, context) => {
      const problem = redisUrlProblem(text);
      // The text may hold a password.
      if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: undefined });
    })
    .optional()
    .describe(
      "URL of the server, `redis://` or `rediss://` for TLS, with the number of the database as its path. Set either this or `urlEnv`, which is the place for a URL with a password",
    ),
  urlEnv: variable.optional().describe("Environment variable with the URL"),
  tls: tlsFiles.optional().describe("TLS to the server, for `rediss://`"),
  prefix: z
    .string()
    .regex(/^[\w.{}-][\w.:{}-]{0,63}$/, "must have at most 64 of A-Z a-z 0-9 _ . : { } - and not start with a colon")
    .default("stuntdouble")
    .describe("What all keys in it start with; nodes with the same prefix share"),
  timeoutMs: z
    .int()
    .min(1)
    .max(5000)
    .default(50)
    .describe(
      "Max time that a call waits for it, in milliseconds; then limits hold for each node at its share, until the server is quick again",
    ),
});

/** What nodes share. */
export const shared = z
  .strictObject({ redis: redis.describe("The Redis or Valkey server that they share it by") })
  .optional()
  .describe(
    "What this node shares with others: rate limits, attempts, budgets, what was learned, experiments, the kill switch; default: nothing",
  );

const example = "must be a URL such as redis://redis.example.com:6379/0";

/** Why a text is no URL of a server that can be used; undefined where it is one. */
function redisUrlProblem(text: string): string | undefined {
  if (/^[a-z+-]*sentinel/i.test(text))
    return "Sentinel is not supported: give the address at which the primary is found, such as that of a service or a proxy";
  if (/^[a-z+-]*cluster/i.test(text) || /^[^/]*\/\/[^/]*,/.test(text))
    return "Redis Cluster is not supported: give the address of one server that is in no cluster";
  if (!URL.canParse(text)) return example;
  const { protocol, hostname, pathname, search, hash } = new URL(text);
  if (protocol !== "redis:" && protocol !== "rediss:") return "must begin with redis:// or rediss://";
  if (hostname === "") return example;
  if (!/^\/?\d{0,4}$/.test(pathname)) return "must have no path but the number of a database, such as /0";
  return search === "" && hash === "" ? undefined : "must not have a query or a fragment";
}

/** Checks what no single value shows; what has the wrong type is left to the schema. */
export function checkShared(
  file: Raw,
  { env, checked }: { readonly env: Environment; readonly checked: Checked },
): void {
  const { redis } = mapOf(file["shared"]);
  if (!isMapping(redis)) return checkNothingShared(file, checked);
  const path: Path = ["shared", "redis"];
  const { findings } = checked;
  const { url, urlEnv, tls } = redis;
  if ((url === undefined) === (urlEnv === undefined))
    findings.push({
      path,
      code: url === undefined ? "required" : "conflict",
      message: "must have either url or urlEnv",
    });
  checkTlsFiles(tls, [...path, "tls"], findings);
  const found = typeof urlEnv === "string" ? secretOf(env[urlEnv] ?? "") : url;
  if (tls !== undefined && typeof found === "string" && found.startsWith("redis://"))
    findings.push({ path: [...path, "tls"], code: "conflict", message: "is for rediss:// only" });
  if (typeof urlEnv === "string") checkVariable(urlEnv, found, findings);
}

function checkNothingShared(file: Raw, { findings }: Checked): void {
  for (const [name, upstream] of Object.entries(mapOf(file["upstreams"]))) {
    if (mapOf(mapOf(upstream)["breaker"])["shared"] !== true) continue;
    const path = ["upstreams", name, "breaker", "shared"];
    findings.push({ path, code: "required", message: "needs shared.redis, by which nodes know of each other" });
  }
}

function checkVariable(variable: string, value: unknown, findings: Checked["findings"]): void {
  const problem = value === "" ? "is not set" : redisUrlProblem(String(value));
  if (problem === undefined) return;
  findings.push({
    path: ["shared", "redis", "urlEnv"],
    at: "value",
    code: value === "" ? "unset-variable" : "invalid-value",
    message: `the environment variable ${variable} ${problem.startsWith("must") || value === "" ? problem : `cannot be used: ${problem}`}`,
  });
}

/** A checked `shared`. */
type Shared = z.output<typeof shared>;

/** The URL of the server, with its password where it has one; undefined where nothing is shared. */
export function redisUrlOf(section: Shared, env: Environment): string | undefined {
  if (section === undefined) return undefined;
  const { url, urlEnv } = section.redis;
  return url ?? (urlEnv === undefined ? undefined : secretOf(env[urlEnv] ?? ""));
}

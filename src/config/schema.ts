import { RE2JS } from "re2js";
import { z } from "zod";
import { responseLimits } from "./response-limits.ts";
import { admin, extProcSchema, listen } from "./ports.ts";
import { sha256, timeoutMs, variable } from "./values.ts";
import { faults as knownFaults, faultSchema } from "../core/faults/index.ts";
import { dialects } from "../core/dialects/index.ts";

const perMinute = z.int().min(1);
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "must be a header name");
/** Names appear in metrics, logs and response headers. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "must start with a letter or digit and have at most 64 of A-Z a-z 0-9 _ . -");
const maxExpressionLength = 1000;

const permits = z.strictObject({
  max: z.int().min(1).default(20_000).describe("Most calls at the same time on this node"),
  queue: z.int().min(0).default(1000).describe("Most calls that wait for a permit; one more gets 503"),
  queueTimeoutMs: z
    .int()
    .min(0)
    .default(2000)
    .describe("Longest wait for a permit, in milliseconds; then 503 with retry-after"),
});

const breaker = z.strictObject({
  errorPercentage: z
    .number()
    .gt(0)
    .max(100)
    .default(50)
    .describe("Share of failed calls in the window that opens the breaker, in percent"),
  minimumCalls: z.int().min(1).default(20).describe("Fewer calls than this in the window never open it"),
  windowMs: timeoutMs.default(10_000).describe("Length of the window, in milliseconds"),
  resetMs: timeoutMs.default(15_000).describe("How long it stays open before one call may try, in milliseconds"),
  whenOpen: z
    .enum(["simulate", "fail", "forward"])
    .default("fail")
    .describe("What calls get while it is open: a simulated stand-in, 503, or the upstream all the same"),
});

const upstream = z.strictObject({
  url: z.string().check(checkUrl).describe("http or https, host, and a base path where the provider lives below one"),
  dialect: z
    .enum(dialects.map((dialect) => dialect.name))
    .default("openai")
    .describe("The API that it speaks"),
  apiKeyEnv: variable.optional().describe("Environment variable with the key that replaces the caller's own"),
  connectTimeoutMs: timeoutMs.default(5000).describe("Longest wait for a connection, in milliseconds"),
  headTimeoutMs: timeoutMs.default(60_000).describe("Longest wait for the response head, in milliseconds"),
  idleTimeoutMs: timeoutMs.default(120_000).describe("Longest silence in the middle of a response, in milliseconds"),
  connections: z.int().min(1).default(10_000).describe("Most connections of one worker to it"),
  breaker: breaker.prefault({}).describe("When it counts as broken"),
});

const control = z.strictObject({
  header: headerName
    .default("x-stuntdouble")
    .describe("Name of the request header by which callers control one request"),
  enabled: z.boolean().default(false).describe("Whether callers may use it; leave it off where real users are"),
  tokenEnv: variable
    .optional()
    .describe('Environment variable with a secret; without `token="…"` of that value the header has no effect'),
  maxDelayMs: z
    .int()
    .min(0)
    .default(60_000)
    .describe("Longest time a caller may ask for in one option, in milliseconds; a longer one gets 400"),
  faults: z
    .array(z.enum(knownFaults.map((fault) => fault.kind)))
    .optional()
    .describe("Kinds of faults that callers may inject; all when absent"),
});

const limits = {
  requestsPerMinute: perMinute.optional().describe("Most requests a minute; no limit when absent"),
  tokensPerMinute: perMinute
    .optional()
    .describe("Most tokens a minute, prompt and answer together; no limit when absent"),
};

const key = z.strictObject({
  name: name.describe("How rules, logs and metrics call this key"),
  sha256: sha256.optional().describe("SHA-256 of the key, in hex; give this or `env`"),
  env: variable.optional().describe("Environment variable that holds the key; give this or `sha256`"),
  ...limits,
});

const glob = z.string().min(1);

const match = z.strictObject({
  route: glob.optional().describe("Glob of the path, without its query"),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]).optional().describe("HTTP method"),
  model: z
    .union([glob, z.array(glob).min(1)], { error: "must be a glob or a list of globs" })
    .optional()
    .describe("Glob of the model name, or a list of them"),
  header: z
    .record(headerName, z.string())
    .optional()
    .describe("Globs of header values, by header name; `*` asks only that it is there"),
  key: glob.optional().describe("Glob of the name of the API key under `auth`"),
  stream: z.boolean().optional().describe("Whether the caller wants a stream"),
  promptTokens: z
    .strictObject({
      min: z.int().min(0).optional().describe("At least this many"),
      max: z.int().min(0).optional().describe("At most this many"),
    })
    .optional()
    .describe("Length of the prompt, in tokens"),
  lastUserMessage: z
    .string()
    .min(1)
    .max(maxExpressionLength)
    .check(checkExpression)
    .optional()
    .describe("RE2 expression that is found in the first 65,536 characters of the last user message"),
  percentage: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("Share of the calls that pass everything else, in percent; decimals allowed"),
  percentageBy: z
    .string()
    .regex(/^(requestId|key|header:[\w!#$%&'*+.^`|~-]+)$/, "must be requestId, key or header:NAME")
    .optional()
    .describe(
      "Calls with the same request id (the default), API key or header value share one fate: requestId, key or header:NAME",
    ),
});

const faults = z.array(faultSchema).default([]);

const action = {
  serve: z.enum(["simulate", "forward"]),
  upstream: z
    .string()
    .optional()
    .describe("Name of the upstream to forward to; may be left out where there is just one"),
  profile: z.string().optional().describe("Latency profile of the simulator; chosen by the model's name when absent"),
  mirror: z
    .literal("simulate")
    .optional()
    .describe("Also plan a simulated answer of a forwarded call, to compare its timing"),
  faults: faults.describe("What goes wrong, in this order"),
};

const rule = z.strictObject({
  name: name.describe("Appears in logs, metrics and the x-stuntdouble-rule header"),
  match: match.prefault({}).describe("What a call must be; all of it must hold, and nothing here matches every call"),
  ...action,
  serve: action.serve.describe("Where the answer comes from"),
  perAttempt: z.boolean().default(false).describe("Draw the percentage anew for each retry of a call"),
});

const fallback = z.strictObject({
  ...action,
  serve: action.serve.default("simulate").describe("Where the answer comes from"),
});

const log = z.strictObject({
  level: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("Least important line that is written"),
});

/** The configuration file: the one definition that checking, the JSON Schema and the documentation come from. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("JSON Schema for editors; has no effect"),
  listen: listen.prefault({}).describe("The traffic port"),
  admin: admin.prefault({}).describe("The admin port"),
  extProc: extProcSchema.optional().describe("The service for Envoy's ext_proc filter; off when absent"),
  workers: z
    .union([z.literal("auto"), z.int().min(1).max(1024)], { error: "must be auto or a whole number from 1 to 1024" })
    .default("auto")
    .describe("Event loops that share the traffic port; auto means one for each core"),
  permits: permits.prefault({}).describe("How many calls at the same time"),
  limits: responseLimits.prefault({}).describe("How large one simulated answer may be"),
  upstreams: z.record(name, upstream).default({}).describe("Real providers, by a name of your choice"),
  control: control.prefault({}).describe("Control of single requests by a header"),
  auth: z
    .strictObject({
      keys: z.array(key).default([]).describe("Keys that callers may present; with none, every caller is let in"),
    })
    .prefault({})
    .describe("Who may call"),
  rateLimit: z
    .strictObject(limits)
    .prefault({})
    .describe("Limits of each key that has none of its own, and of all calls without a key together"),
  models: z
    .array(z.string().min(1))
    .optional()
    .describe("The models that exist; any other gets 404. Every name is accepted when absent"),
  profiles: z
    .string()
    .min(1)
    .optional()
    .describe("Folder with more latency profiles, relative to this file; one with a known name replaces it"),
  seed: z.int().default(1).describe("Start of all chance: the same seed meets the same request with the same fate"),
  log: log.prefault({}).describe("The log"),
  rules: z.array(rule).default([]).describe("Asked in this order; the first that matches decides"),
  default: fallback.prefault({}).describe("What calls get that no rule matches"),
});

/** A checked configuration with all defaults filled in: plain data that can be sent to another thread. */
export type Config = z.output<typeof configSchema>;
/** One rule as configured. */
export type RuleConfig = Config["rules"][number];
/** What a rule, or the default, does. */
export type ActionConfig = Config["default"];

/** Names that stand for something else where rules are named. */
export const reservedRuleNames: readonly string[] = ["default", "control", "none"];

/** The published JSON Schema of the file. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  return z.toJSONSchema(configSchema, { io: "input" });
}

function checkUrl(context: z.core.ParsePayload<string>): void {
  const problem = urlProblem(context.value);
  if (problem !== undefined) context.issues.push({ code: "custom", message: problem, input: context.value });
}

function urlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "must be a URL such as https://api.example.com";
  const { protocol, username, password, search, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "must begin with http:// or https://";
  if (username !== "" || password !== "") return "must not hold credentials; name an environment variable in apiKeyEnv";
  return search === "" && hash === "" ? undefined : "must not have a query or a fragment";
}

function checkExpression(context: z.core.ParsePayload<string>): void {
  try {
    RE2JS.compile(context.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    context.issues.push({ code: "custom", message: `is no RE2 expression: ${reason}`, input: context.value });
  }
}

import { z } from "zod";
import { recordSchema, replaySchema } from "./sections/recordings.ts";
import { budgets, budgetSchema } from "./sections/budget.ts";
import { clients } from "./sections/clients.ts";
import { learning, profileChoice } from "./sections/learning.ts";
import { log } from "./sections/log.ts";
import { permits } from "./sections/permits.ts";
import { records } from "./sections/records.ts";
import { shared } from "./sections/shared.ts";
import { mirrorSchema } from "./sections/mirror.ts";
import { metrics } from "./sections/metrics.ts";
import { register } from "./sections/register.ts";
import { tracing } from "./sections/tracing.ts";
import { tlsFiles } from "./sections/tls-files.ts";
import { modelsSchema } from "./sections/models.ts";
import { responseLimits } from "./response-limits.ts";
import { chaos, experimentsMeaning } from "./chaos.ts";
import { admin, extProcSchema, listen } from "./ports.ts";
import { isProxyUrl } from "./proxy.ts";
import { simulatorKeys, simulatorSchema } from "./sections/simulator.ts";
import { checkUrl, headBytes, sha256, timeoutMs, variable } from "./values.ts";
import { faults as knownFaults, faultSchema } from "../core/faults/index.ts";
import { experimentSchema } from "../core/experiments/definition.ts";
import { dialects } from "../core/dialects/index.ts";
import { matchSchema } from "../core/match.ts";
import { headerName } from "../core/matchers/values.ts";
import { fixturesSchema, replyKeys } from "../core/replies/schema.ts";

const perMinute = z.int().min(1);
/** Names appear in metrics, logs and response headers. */
const name = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, "must start with a letter or digit and have at most 64 of A-Z a-z 0-9 _ . -");

const breaker = z.strictObject({
  errorPercentage: z
    .number()
    .gt(0)
    .max(100)
    .default(50)
    .describe("Percentage of failed calls in the window at which the breaker opens"),
  minimumCalls: z
    .int()
    .min(1)
    .default(20)
    .describe("Min calls in the window; with fewer `errorPercentage` does not open the breaker"),
  consecutiveFailures: z
    .int()
    .min(1)
    .optional()
    .describe(
      "Failed calls in a row that open the breaker, whatever their percentage; default: only the percentage does",
    ),
  windowMs: timeoutMs.default(10_000).describe("Length of the window, in milliseconds"),
  resetMs: timeoutMs
    .default(15_000)
    .describe("Time in the open state before one call is let through to test the upstream, in milliseconds"),
  whenOpen: z
    .enum(["simulate", "fail", "forward"])
    .default("fail")
    .describe("What calls get while it is open: a simulated response, 503 (`fail`), or the upstream as before"),
  shared: z
    .boolean()
    .default(false)
    .describe("Whether it opens and closes with those of other nodes, which `shared.redis` lets it know of"),
});

const file = z.string().min(1);

const baseUrl = z.string().check(checkUrl);

const upstream = z.strictObject({
  url: baseUrl
    .optional()
    .describe(
      "Base URL of the provider, http or https; its path comes before that of each request. Set either this or `urls`",
    ),
  urls: z
    .array(baseUrl)
    .min(1)
    .optional()
    .describe(
      "Several base URLs in the order in which they are tried: a call goes to the next one if no connection can be made",
    ),
  dialect: z
    .enum(dialects.map((dialect) => dialect.name))
    .default("openai")
    .describe("The API of the provider"),
  apiKeyEnv: variable
    .optional()
    .describe("Environment variable with the API key; it replaces the one that the caller sent"),
  apiKeyFile: file
    .optional()
    .describe("File with the API key, relative to this file, instead of `apiKeyEnv`; read again when it changes"),
  tls: tlsFiles.optional().describe("TLS to the provider, for https"),
  proxyUrl: z
    .string()
    .refine(isProxyUrl, "must be the URL of an HTTP proxy such as http://proxy.example.com:3128")
    .optional()
    .describe(
      "HTTP proxy through which the provider is reached; default: that of `HTTPS_PROXY` or `HTTP_PROXY`, unless `NO_PROXY` excepts it",
    ),
  connectTimeoutMs: timeoutMs.default(5000).describe("Connection timeout, in milliseconds"),
  headTimeoutMs: timeoutMs
    .default(60_000)
    .describe("Timeout of the wait for the response head, from the end of the request on, in milliseconds"),
  idleTimeoutMs: timeoutMs
    .default(120_000)
    .describe("Idle timeout: max time between two parts of a response body, in milliseconds"),
  maxHeadBytes: headBytes.describe("Max size of a response head, in bytes; a larger one is a 502"),
  connections: z.int().min(1).default(10_000).describe("Max connections of each worker to each of its URLs"),
  maxConnectionAgeMs: timeoutMs
    .default(60_000)
    .describe(
      "Max age of a connection that is used for another call, in milliseconds; the next one asks DNS for the address again",
    ),
  breaker: z
    .union([z.literal("off"), breaker], { error: "must be an object or off" })
    .optional()
    .describe("Circuit breaker, `{}` for one with all defaults; default: `off`, no breaker"),
  budget: budgetSchema.optional().describe("What may be spent there; default: no limit"),
});

/** Default of `control.maxDelayMs`. */
export const defaultMaxDelayMs = 60_000;

const control = z.strictObject({
  header: headerName.default("x-stuntdouble").describe("Name of the control header"),
  enabled: z.boolean().default(false).describe("Whether the control header is read; leave it off in production"),
  aliases: z
    .boolean()
    .default(false)
    .describe(
      "Whether `X-Return-Error`, `X-Mock-Status` and `x-aimock-chaos-*` are read as faults, by the same leave and limits, and kept from upstreams",
    ),
  tokenEnv: variable
    .optional()
    .describe('Environment variable with a secret; the header has no effect unless it has `token="…"` of that value'),
  maxDelayMs: z
    .int()
    .min(0)
    .default(defaultMaxDelayMs)
    .describe(
      "Max time by which one call may be delayed: by all that its caller asks for, and by the faults of a rule, together, in milliseconds",
    ),
  faults: z
    .array(z.enum(knownFaults.map((fault) => fault.kind)))
    .optional()
    .describe("Kinds of faults that callers may inject; default: all"),
});

const limits = {
  requestsPerMinute: perMinute.optional().describe("Max requests per minute; default: no limit"),
  tokensPerMinute: perMinute
    .optional()
    .describe("Max tokens per minute, prompt and response together; default: no limit"),
};

const key = z.strictObject({
  name: name.describe("Name of the key in rules, logs and, with `metrics.perKey`, metrics"),
  sha256: sha256.optional().describe("SHA-256 of the key, in hex; set either this or `env`"),
  env: variable.optional().describe("Environment variable with the key; set either this or `sha256`"),
  ...limits,
});

const faults = z.array(faultSchema).default([]);

const action = {
  serve: z.enum(["simulate", "forward", "replay"]),
  upstream: z.string().optional().describe("Name of the upstream to forward to; optional with a single upstream"),
  profile: profileChoice.optional(),
  mirror: mirrorSchema
    .optional()
    .describe("Shadow, for comparison: `simulate` times a simulated response to each forwarded call; or copies calls"),
  faults: faults.describe("Faults to inject, in this order"),
  record: recordSchema.optional().describe("Record the responses of forwarded calls; default: no call is recorded"),
  replay: replaySchema.optional().describe("With `serve: replay`, which recordings are played, and how"),
  ...replyKeys,
  ...simulatorKeys,
};

const rule = z.strictObject({
  name: name.describe("Name of the rule in logs, metrics and the x-stuntdouble-rule header"),
  match: matchSchema
    .prefault({})
    .describe("Conditions, all of which must hold; without any, the rule matches every call"),
  ...action,
  serve: action.serve.describe("Where the response comes from"),
  perAttempt: z.boolean().default(false).describe("Make a new decision on `percentage` for each retry of a call"),
});

const fallback = z.strictObject({
  ...action,
  serve: action.serve.default("simulate").describe("Where the response comes from"),
});

/** The configuration file: the one definition that checking, the JSON Schema and the documentation come from. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe("URL of the JSON Schema, for editors; has no effect"),
  listen: listen.prefault({}).describe("The traffic port"),
  admin: admin.prefault({}).describe("The admin port"),
  extProc: extProcSchema.optional().describe("The service for Envoy's ext_proc filter; default: off"),
  workers: z
    .union([z.literal("auto"), z.int().min(1).max(1024)], { error: "must be auto or an integer from 1 to 1024" })
    .default("auto")
    .describe("Event loops that share the traffic port; auto: one per core"),
  permits: permits.prefault({}).describe("Concurrency limit"),
  limits: responseLimits
    .prefault({})
    .describe("Limits on the size of responses, on the memory that they take, and on load"),
  upstreams: z.record(name, upstream).default({}).describe("Providers to forward to, by a name of your choice"),
  budgets,
  control: control.prefault({}).describe("The control header, by which callers steer single requests"),
  auth: z
    .strictObject({
      mode: z
        .enum(["require", "identify"])
        .default("require")
        .describe(
          "With keys: whether a call without a known key gets 401 (`require`), or keys only tell callers apart (`identify`)",
        ),
      keys: z.array(key).default([]).describe("API keys of callers; without any, calls are unauthenticated"),
    })
    .prefault({})
    .describe("Authentication of callers"),
  rateLimit: z
    .strictObject(limits)
    .prefault({})
    .describe("Rate limits of each key that has none of its own, and of all calls without a key together"),
  models: modelsSchema
    .optional()
    .describe('Known models; any other gets 404, unless `"*"` is among them. Default: every name is accepted'),
  profiles: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Folder with additional latency profiles, relative to this file; one with a known name replaces the built-in one",
    ),
  clients: clients.prefault({}).describe("What clients make of responses that failed: retries, waits, giving up"),
  chaos: chaos.prefault({}).describe("How experiments are run"),
  experiments: z.array(experimentSchema).default([]).describe(experimentsMeaning),
  seed: z.int().default(1).describe("Random seed: with the same seed the same request gets the same decision"),
  responseHeaders: z
    .boolean()
    .default(true)
    .describe(
      "Whether responses have `x-stuntdouble-*` headers. Without them a client cannot tell a simulated response from a real one",
    ),
  simulator: simulatorSchema.prefault({}).describe("How the simulator keeps to what providers do"),
  metrics: metrics.prefault({}).describe("Metrics"),
  tracing,
  records,
  shared,
  learning,
  register,
  log: log.prefault({}).describe("Logging"),
  rules: z.array(rule).default([]).describe("Rules in order; the first that matches decides"),
  fixtures: fixturesSchema,
  default: fallback.prefault({}).describe("Action for calls that no rule matches"),
});

/** A checked configuration with all defaults filled in: plain data that can be sent to another thread. */
export type Config = z.output<typeof configSchema>;
/** One rule as configured. */
export type RuleConfig = Config["rules"][number];
/** What a rule, or the default, does. */
export type ActionConfig = Config["default"];

/** Names that stand for something else where rules are named. */
export const reservedRuleNames: readonly string[] = ["default", "control", "reply", "none"];

const freePrefix = "x-";

/** Whether a key at the top of the file is the writer's own, such as `x-faults` for an anchor. */
export function isFreeKey(key: string): boolean {
  return key.startsWith(freePrefix);
}

let jsonSchema: z.core.JSONSchema.JSONSchema | undefined;

/** The published JSON Schema of the file. */
export function configJsonSchema(): z.core.JSONSchema.JSONSchema {
  const free = { [`^${freePrefix}`]: { description: "A key of your own, for anchors; has no effect" } };
  return (jsonSchema ??= { ...z.toJSONSchema(configSchema, { io: "input" }), patternProperties: free });
}

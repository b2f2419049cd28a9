import { hash, timingSafeEqual } from "node:crypto";
import path from "node:path";
import type { ControlSettings } from "../core/control.ts";
import type { CompiledRule } from "../core/decide.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { compileFaultDraws } from "../core/fault-draws.ts";
import { drawKeyOf } from "../core/matchers/percentage.ts";
import { compileMatch } from "../core/match.ts";
import { compileReplies } from "../core/replies/choose.ts";
import type { KeySettings, RateLimit, Snapshot, UpstreamSettings } from "../core/snapshot.ts";
import type { ReplaySettings } from "../core/source.ts";
import type { Decision, Source } from "../core/types.ts";
import { digestOf, type Environment } from "./checks.ts";
import type { Settings } from "./load.ts";
import { learnedUpstreams } from "./sections/learning.ts";
import { anyModel, nameOfModel } from "./sections/models.ts";
import { proxyFromEnvironment } from "./proxy.ts";
import { compileFixtures } from "./replies/fixtures.ts";
import { repliesOf, type ReplyFiles } from "./replies/files.ts";
import type { ActionConfig, Config, RuleConfig } from "./schema.ts";
import type { UpstreamFiles } from "./upstream-files.ts";
import { secretOf } from "./values.ts";

/** The profile for models that no profile's glob matches. */
const defaultProfile = "default";

/**
 * Compiles settings to the form the request path uses.
 *
 * @returns frozen through and through, but for the insides of its maps and sets
 * @throws CONFIG_INVALID for settings that were never checked
 */
export function compile(settings: Settings): Snapshot {
  const {
    config,
    profiles,
    env,
    upstreamFiles,
    replyFiles = {},
    fixtures = [],
    generation,
    recordings = [],
  } = settings;
  const { folder = "." } = settings;
  const profileNames = profiles.map((profile) => profile.name);
  return deepFreeze({
    generation,
    rules: config.rules.map((rule) => ruleOf(rule, { config, folder }, replyFiles)),
    fallback: decisionOf("default", config.default, { config, folder }),
    fallbackReply: compileReplies(repliesOf(config.default, replyFiles), []),
    fallbackDraws: compileFaultDraws("default", config.default.faults, drawKeyOf({}, false)),
    fixtures: compileFixtures(fixtures),
    recordings,
    upstreams: new Map(
      Object.entries(config.upstreams).map(([name, upstream]) => [
        name,
        upstreamOf(name, upstream, { env, files: upstreamFiles[name] ?? {} }),
      ]),
    ),
    prices: structuredClone(settings.prices ?? {}),
    profiles: structuredClone(profiles),
    defaultProfile,
    models: knownModels(config),
    contextTokens: contextTokensOf(config),
    control: controlOf(config, env, profileNames),
    keys: config.auth.keys.map((key) => keyOf(key, env)),
    keyMode: config.auth.mode,
    rateLimits: rateLimitsOf(config),
    ...takenOver(config),
  });
}

/** What the request path uses as it is configured. */
function takenOver(config: Config) {
  const { seed, listen, admin, extProc, workers, permits, limits, clients, responseHeaders, records, log } = config;
  return {
    seed,
    permits: { ...permits },
    limits: { ...limits },
    clients: { ...clients },
    listen: { ...listen, trustedProxies: [...listen.trustedProxies] },
    admin: { ...admin },
    extProc: extProc === undefined ? undefined : { ...extProc },
    workers,
    responseHeaders,
    recorded: records !== undefined,
    learned: new Set(learnedUpstreams(config)),
    log: { ...log },
  };
}

function ruleOf(rule: RuleConfig, settings: Placed, files: ReplyFiles): CompiledRule {
  const conditions = compileMatch(rule.match, rule.name, rule.perAttempt);
  return {
    name: rule.name,
    conditions,
    decision: decisionOf(rule.name, rule, settings),
    faultDraws: compileFaultDraws(rule.name, rule.faults, drawKeyOf(rule.match, rule.perAttempt)),
    chooseReply: compileReplies(repliesOf(rule, files), conditions),
  };
}

/** A configuration, and where relative names start. */
type Placed = { readonly config: Config; readonly folder: string };

function decisionOf(rule: string, action: ActionConfig, { config, folder }: Placed): Decision {
  const { profile, mirror, record } = action;
  return {
    rule,
    serve: sourceOf(action, config),
    mirror: mirror === "simulate" ? { from: "simulator", profile } : undefined,
    ...(typeof mirror === "object" && { copy: { ...mirror } }),
    faults: structuredClone(action.faults),
    ...settingsOf(action, config),
    ...(record !== undefined && { record: { ...record, dir: path.resolve(folder, record.dir) } }),
    overrides: {},
  };
}

function sourceOf(action: ActionConfig, config: Config): Source {
  const { serve, profile, replay } = action;
  if (serve === "forward") return upstreamSourceOf(action, config);
  if (serve === "simulate") return { from: "simulator", profile };
  if (replay === undefined) throw new StuntdoubleError("CONFIG_INVALID", "A rule replays, but says no folder.");
  const { onMiss, speed = 1, ...settings } = replay;
  return { from: "replay", replay: { ...settings, speed, profile, otherwise: otherwiseOf(onMiss, action, config) } };
}

function otherwiseOf(
  onMiss: NonNullable<ActionConfig["replay"]>["onMiss"],
  action: ActionConfig,
  config: Config,
): ReplaySettings["otherwise"] {
  if (onMiss === 404) return undefined;
  if (onMiss === "simulate") return { from: "simulator", profile: action.profile };
  return upstreamSourceOf(action, config);
}

function upstreamSourceOf(action: ActionConfig, config: Config): Extract<Source, { readonly from: "upstream" }> {
  const { profile } = action;
  return { from: "upstream", upstream: upstreamFor(action, config), ...(profile !== undefined && { profile }) };
}

/** What differs from the usual: of the action, else of the whole configuration. */
function settingsOf(action: ActionConfig, { simulator }: Config): Pick<Decision, "simulator"> {
  const fidelity = action.fidelity ?? simulator.fidelity;
  const format = action.format ?? simulator.format;
  const head = action.head ?? simulator.head;
  const failures = action.failures === true ? { failures: true } : {};
  if (fidelity === "strict" && format === "auto" && head === undefined && action.failures !== true) return {};
  return { simulator: { fidelity, format, head, ...failures } };
}

/** A star among the models stands for all others. */
function knownModels({ models }: Config): ReadonlySet<string> | undefined {
  const names = models?.map(nameOfModel);
  return names === undefined || names.includes(anyModel) ? undefined : new Set(names);
}

function contextTokensOf({ models = [] }: Config): ReadonlyMap<string, number> {
  return new Map(
    models.flatMap((model) =>
      typeof model === "string" || model.contextTokens === undefined ? [] : [[model.name, model.contextTokens]],
    ),
  );
}

function upstreamFor(action: ActionConfig, { upstreams }: Config): string {
  const name = action.upstream ?? Object.keys(upstreams)[0];
  if (name !== undefined) return name;
  throw new StuntdoubleError("CONFIG_INVALID", "A rule forwards, but no upstream is configured.");
}

/** What an upstream is compiled with besides its configuration. */
type Given = { readonly env: Environment; readonly files: UpstreamFiles };

function upstreamOf(name: string, upstream: Config["upstreams"][string], { env, files }: Given): UpstreamSettings {
  const { dialect, connectTimeoutMs, headTimeoutMs, idleTimeoutMs, maxConnectionAgeMs, connections } = upstream;
  const { url, urls = [], proxyUrl, apiKeyEnv, tls, breaker, maxHeadBytes, budget } = upstream;
  const { apiKey, ...pem } = files;
  const addresses = (url === undefined ? urls : [url]).map((each) => ({
    url: withoutSlash(each),
    proxyUrl: proxyUrl ?? proxyFromEnvironment(each, env).proxyUrl,
  }));
  if (addresses.length === 0) throw new StuntdoubleError("CONFIG_INVALID", `The upstream ${name} has no URL.`);
  return {
    name,
    addresses,
    dialect,
    apiKey: apiKey ?? secretFrom(apiKeyEnv, env),
    tls: tls === undefined ? undefined : { ...pem, serverName: tls.serverName },
    connectTimeoutMs,
    headTimeoutMs,
    idleTimeoutMs,
    maxConnectionAgeMs,
    connections,
    maxHeadBytes,
    breaker: breaker === undefined || breaker === "off" ? undefined : { ...breaker },
    budget: budget === undefined ? undefined : { ...budget },
  };
}

function withoutSlash(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/\/+$/, "");
}

function secretFrom(variable: string | undefined, env: Environment): string | undefined {
  const secret = variable === undefined ? "" : secretOf(env[variable] ?? "");
  return secret === "" ? undefined : secret;
}

function controlOf({ control, upstreams }: Config, env: Environment, profiles: readonly string[]): ControlSettings {
  const { header, enabled, aliases, tokenEnv, maxDelayMs, faults } = control;
  return {
    header: header.toLowerCase(),
    enabled,
    aliases,
    tokenMatches: tokenEnv === undefined ? undefined : equalTo(secretOf(env[tokenEnv] ?? ""), tokenEnv),
    maxDelayMs,
    faults: faults === undefined ? undefined : [...faults],
    upstreams: Object.keys(upstreams),
    profiles: [...profiles],
  };
}

/** Compares digests, which have the same length, so that the time it takes tells nothing. */
function equalTo(secret: string, variable: string): (given: string) => boolean {
  if (secret === "") throw new StuntdoubleError("CONFIG_INVALID", `The environment variable ${variable} is not set.`);
  const wanted = hash("sha256", secret, "buffer");
  return (given) => timingSafeEqual(hash("sha256", given, "buffer"), wanted);
}

function keyOf(key: Config["auth"]["keys"][number], env: Environment): KeySettings {
  const sha256 = digestOf(key, env);
  if (sha256 === undefined) throw new StuntdoubleError("CONFIG_INVALID", `The API key ${key.name} has no value.`);
  return { name: key.name, sha256 };
}

function rateLimitsOf({ auth, rateLimit }: Config): RateLimit[] {
  const shared = { requestsPerMinute: rateLimit.requestsPerMinute, tokensPerMinute: rateLimit.tokensPerMinute };
  const own = auth.keys.map(({ requestsPerMinute, tokensPerMinute }) => {
    const hasOwn = requestsPerMinute !== undefined || tokensPerMinute !== undefined;
    return hasOwn ? { requestsPerMinute, tokensPerMinute } : { ...shared };
  });
  return [...own, shared];
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  const members: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const member of members) deepFreeze(member);
  return value;
}

import { hash } from "node:crypto";
import { StuntdoubleError } from "../core/errors.ts";
import type { Rule } from "../core/decide.ts";
import { compileMatch } from "../core/match.ts";
import type { KeySettings, RateLimit, Snapshot, UpstreamSettings } from "../core/snapshot.ts";
import type { Decision } from "../core/types.ts";
import type { Settings } from "./load.ts";
import type { ActionConfig, Config } from "./schema.ts";

/**
 * Compiles settings to the form the request path uses.
 *
 * @throws CONFIG_INVALID for settings that were never checked
 */
export function compile({ config, profiles, env, generation }: Settings): Snapshot {
  const { listen, permits, control } = config;
  const rules: Rule[] = config.rules.map((rule) => ({
    decision: decisionOf(rule.name, rule, config),
    conditions: compileMatch(rule.match ?? {}, rule.name, config.seed),
  }));
  return Object.freeze({
    generation,
    seed: config.seed,
    rules,
    fallback: decisionOf("default", config.default, config),
    upstreams: upstreamsOf(config, env),
    profiles,
    defaultProfile: "default",
    models: config.models === undefined ? undefined : new Set(config.models),
    control: {
      header: control.header.toLowerCase(),
      enabled: control.enabled,
      token: control.tokenEnv === undefined ? undefined : env[control.tokenEnv],
      maxDelayMs: control.maxDelayMs,
      faults: control.faults,
    },
    keys: config.auth.keys.map((key) => keyOf(key, env)),
    rateLimits: rateLimitsOf(config),
    permits,
    listen,
  });
}

function decisionOf(rule: string, action: ActionConfig, config: Config): Decision {
  const { serve, profile, mirror } = action;
  const upstream = action.upstream ?? Object.keys(config.upstreams)[0] ?? "";
  return Object.freeze({
    rule,
    serve: serve === "forward" ? { from: "upstream", upstream } : { from: "simulator", profile },
    mirror: mirror === undefined ? undefined : { from: "simulator", profile },
    faults: action.faults ?? [],
    wishes: {},
  });
}

function upstreamsOf(config: Config, env: Settings["env"]): Map<string, UpstreamSettings> {
  return new Map(
    Object.entries(config.upstreams).map(([name, { apiKeyEnv, ...upstream }]) => [
      name,
      { name, ...upstream, apiKey: apiKeyEnv === undefined ? undefined : env[apiKeyEnv] },
    ]),
  );
}

function keyOf(key: Config["auth"]["keys"][number], env: Settings["env"]): KeySettings {
  if (key.sha256 !== undefined) return { name: key.name, sha256: key.sha256.toLowerCase() };
  const value = key.env === undefined ? undefined : env[key.env];
  if (value === undefined) throw new StuntdoubleError("CONFIG_INVALID", `The API key ${key.name} has no value.`);
  return { name: key.name, sha256: hash("sha256", value) };
}

function rateLimitsOf({ auth, rateLimit }: Config): RateLimit[] {
  const general = { requestsPerMinute: rateLimit.requestsPerMinute, tokensPerMinute: rateLimit.tokensPerMinute };
  const own = auth.keys.map((key) => ({
    requestsPerMinute: key.requestsPerMinute ?? general.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute ?? general.tokensPerMinute,
  }));
  return [...own, general];
}

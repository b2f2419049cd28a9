import { compileMatch } from "../core/match.ts";
import type { Profile } from "../core/types.ts";
import { nearestTo, pathText, type Finding } from "./mistakes.ts";
import type { ActionConfig, Config, RuleConfig } from "./schema.ts";

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Something that works but is hardly meant. */
export type Warning = { readonly path: string; readonly message: string };

const reservedNames = ["default", "control", "none"];

/**
 * Checks what no single value shows: names that must exist, secrets that must be set, rules that can never match.
 *
 * @returns `used` holds the environment variables that the configuration names and that are set
 */
export function crossFindings(config: Config, profiles: readonly Profile[], env: Environment) {
  const findings: Finding[] = [];
  const warnings: Warning[] = [];
  const used: Record<string, string> = {};
  const names = { upstreams: Object.keys(config.upstreams), profiles: profiles.map(({ name }) => name) };

  checkAction(config.default, ["default"], names, findings);
  for (const [index, rule] of config.rules.entries()) checkRule(config, rule, index, names, findings);
  checkReach(config.rules, warnings);

  for (const [name, upstream] of Object.entries(config.upstreams)) {
    const url = new URL(upstream.url);
    const path = ["upstreams", name, "url"];
    if (url.username !== "" || url.password !== "") findings.push({ path, message: "credentials do not belong in a URL; use apiKeyEnv" });
    if (url.search !== "" || url.hash !== "") findings.push({ path, message: "give an origin and a base path, nothing after it" });
    const value = upstream.apiKeyEnv === undefined ? undefined : env[upstream.apiKeyEnv];
    if (value !== undefined && upstream.apiKeyEnv !== undefined) used[upstream.apiKeyEnv] = value;
    if (upstream.apiKeyEnv !== undefined && value === undefined) {
      warnings.push({ path: pathText(["upstreams", name, "apiKeyEnv"]), message: `${upstream.apiKeyEnv} is not set; the callers' own keys are passed on` });
    }
  }
  for (const [index, key] of config.auth.keys.entries()) checkKey(config, key, index, { env, used, findings });
  if (config.control.tokenEnv !== undefined) {
    const token = env[config.control.tokenEnv];
    if (token === undefined) findings.push({ path: ["control", "tokenEnv"], message: `the environment variable ${config.control.tokenEnv} is not set` });
    else used[config.control.tokenEnv] = token;
  }
  return { findings, warnings, used };
}

type Names = { readonly upstreams: readonly string[]; readonly profiles: readonly string[] };

function checkAction(action: ActionConfig, path: readonly PropertyKey[], names: Names, findings: Finding[]): void {
  const { serve, upstream, profile, mirror } = action;
  if (upstream !== undefined && !names.upstreams.includes(upstream)) {
    findings.push({ path: [...path, "upstream"], message: `there is no upstream "${upstream}"`, allowed: names.upstreams, ...nearestTo(upstream, names.upstreams) });
  }
  if (profile !== undefined && !names.profiles.includes(profile)) {
    findings.push({ path: [...path, "profile"], message: `there is no profile "${profile}"`, allowed: names.profiles, ...nearestTo(profile, names.profiles) });
  }
  if (serve === "forward" && upstream === undefined && names.upstreams.length !== 1) {
    const message = names.upstreams.length === 0 ? "forward needs an upstream, and none is configured" : "name the upstream to forward to";
    findings.push({ path: [...path, "serve"], message, allowed: names.upstreams });
  }
  if (serve === "simulate" && upstream !== undefined) {
    findings.push({ path: [...path, "upstream"], message: "a simulated answer has no upstream" });
  }
  if (serve === "simulate" && mirror !== undefined) {
    findings.push({ path: [...path, "mirror"], message: "only a forwarded call can be mirrored by the simulator" });
  }
}

function checkRule(config: Config, rule: RuleConfig, index: number, names: Names, findings: Finding[]): void {
  const path = ["rules", index];
  if (reservedNames.includes(rule.name)) findings.push({ path: [...path, "name"], message: `the name "${rule.name}" is reserved` });
  if (config.rules.findIndex((other) => other.name === rule.name) < index) {
    findings.push({ path: [...path, "name"], message: `another rule is named "${rule.name}"` });
  }
  checkAction(rule, path, names, findings);
  const { promptTokens, lastUserMessage } = rule.match ?? {};
  if ((promptTokens?.min ?? 0) > (promptTokens?.max ?? Infinity)) {
    findings.push({ path: [...path, "match", "promptTokens"], message: "min is larger than max" });
  }
  if (lastUserMessage === undefined) return;
  try {
    compileMatch({ lastUserMessage }, rule.name, config.seed);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.push({ path: [...path, "match", "lastUserMessage"], message: `not an RE2 regular expression: ${reason}` });
  }
}

/** A rule without conditions takes every call: those behind it never see one. */
function checkReach(rules: readonly RuleConfig[], warnings: Warning[]): void {
  const catchAll = rules.findIndex(({ match }) => match === undefined || Object.keys(match).length === 0);
  if (catchAll === -1) return;
  for (let index = catchAll + 1; index < rules.length; index += 1) {
    warnings.push({ path: `rules[${index}]`, message: `never reached: "${rules[catchAll]!.name}" before it matches every call` });
  }
}

type KeyChecking = { env: Environment; used: Record<string, string>; findings: Finding[] };

function checkKey(config: Config, key: Config["auth"]["keys"][number], index: number, { env, used, findings }: KeyChecking): void {
  const path = ["auth", "keys", index];
  if (config.auth.keys.findIndex((other) => other.name === key.name) < index) {
    findings.push({ path: [...path, "name"], message: `another key is named "${key.name}"` });
  }
  if ((key.sha256 === undefined) === (key.env === undefined)) {
    findings.push({ path, message: "give the key either as sha256 or by env" });
  }
  if (key.env === undefined) return;
  const value = env[key.env];
  if (value === undefined || value === "") findings.push({ path: [...path, "env"], message: `the environment variable ${key.env} is not set` });
  else used[key.env] = value;
}

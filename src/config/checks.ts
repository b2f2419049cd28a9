import { hash } from "node:crypto";
import { faults as knownFaults } from "../core/faults/index.ts";
import type { Profile } from "../core/types.ts";
import { choice, isMapping, listOf, mapOf, type Checked, type Finding, type Path, type Raw } from "./findings.ts";
import { keyFindings } from "./key-checks.ts";
import { checkRecordings } from "./recordings/checks.ts";
import { budgetWarnings } from "./sections/budget-checks.ts";
import { checkMirrors } from "./sections/mirror-checks.ts";
import { readHeaders } from "./sections/tracing.ts";
import { checkReplies } from "./replies/checks.ts";
import { checkDelays, ruleWarnings } from "./rule-checks.ts";
import { portWarnings } from "./port-checks.ts";
import { reservedRuleNames } from "./schema.ts";
import { checkRegister } from "./sections/register.ts";
import { checkShared } from "./sections/shared.ts";
import { checkUpstream } from "./upstream-checks.ts";
import { secretOf, secretProblem, type Environment } from "./values.ts";

export type { Environment } from "./values.ts";

/** What checks beside the file itself need to know. */
export type Surroundings = {
  readonly profiles: readonly Profile[];
  readonly env: Environment;
  /** Envoy's ext_proc filter is served, whether or not the file asks for it. */
  readonly extProc: boolean;
};

/**
 * Checks what no single value shows: names that must exist, secrets that must be set, rules that are never reached.
 *
 * It looks at the file as it stands, not at the parsed configuration, so that it finds its errors even where the schema
 * has found others; what has the wrong type is left to the schema.
 *
 * @returns findings in no particular order; never throws
 */
export function crossCheck(raw: unknown, { profiles, env, extProc }: Surroundings): Checked {
  const file = mapOf(raw);
  const checked: Checked = { findings: [], warnings: [] };
  const upstreams = Object.keys(mapOf(file["upstreams"]));
  const names: Names = { upstreams, profiles: profiles.map((profile) => profile.name) };
  forbidHiddenKeys(raw, [], checked.findings);
  for (const [name, upstream] of Object.entries(mapOf(file["upstreams"])))
    checkUpstream(mapOf(upstream), ["upstreams", name], { env, checked, listen: mapOf(file["listen"]) });
  const rules = listOf(file["rules"]).map(mapOf);
  for (const [index, rule] of rules.entries()) {
    checkAction(rule, ["rules", index], { names, findings: checked.findings });
    checkRuleName(rules, index, checked.findings);
  }
  checked.warnings.push(...ruleWarnings(file), ...budgetWarnings(file), ...portWarnings(file, extProc));
  checked.findings.push(...checkDelays(file), ...checkReplies(file));
  checked.findings.push(...checkRecordings(file), ...checkMirrors(file));
  if (extProc || isMapping(file["extProc"])) checkSocketFaults(file, checked.findings);
  checkAction({ serve: "simulate", ...mapOf(file["default"]) }, ["default"], { names, findings: checked.findings });
  checked.findings.push(...keyFindings(file));
  checkKeys(listOf(mapOf(file["auth"])["keys"]).map(mapOf), env, checked.findings);
  checkSet(mapOf(file["control"])["tokenEnv"], ["control", "tokenEnv"], { env, checked });
  checkAdminToken(mapOf(file["admin"]), { env, checked });
  const agent = ["register", "consul", "tokenEnv"];
  checkSet(mapOf(mapOf(file["register"])["consul"])["tokenEnv"], agent, { env, checked });
  checkRegister(file, checked);
  checkShared(file, { env, checked });
  checkTracing(mapOf(file["tracing"]), { env, checked });
  return checked;
}

/** Faults of the client's own socket, which through ext_proc is Envoy's, and what there is instead. */
const socketFaults: ReadonlyMap<unknown, string> = new Map(
  knownFaults.flatMap(({ kind, ownConnection }) =>
    ownConnection === undefined ? [] : [[kind, ownConnection === "cut" ? "cut, or " : ""]],
  ),
);

function checkSocketFaults({ rules, default: fallback }: Raw, findings: Finding[]): void {
  const actions = listOf(rules).map((rule, index): { path: Path; action: Raw } => ({
    path: ["rules", index],
    action: mapOf(rule),
  }));
  for (const { path, action } of [...actions, { path: ["default"], action: mapOf(fallback) }]) {
    for (const [at, fault] of listOf(action["faults"]).map(mapOf).entries()) {
      const instead = socketFaults.get(fault["kind"]);
      if (instead === undefined) continue;
      findings.push({
        path: [...path, "faults", at, "kind"],
        at: "value",
        code: "conflict",
        message: `"${String(fault["kind"])}" needs the client's socket, which through ext_proc is Envoy's; use ${instead}a node without extProc`,
      });
    }
  }
}

type Names = { readonly upstreams: readonly string[]; readonly profiles: readonly string[] };
type Checking = { readonly env: Environment; readonly checked: Checked };

/** The schema ignores this one key where an object may have keys of any name. */
function forbidHiddenKeys(value: unknown, path: Path, findings: Finding[]): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) forbidHiddenKeys(item, [...path, index], findings);
  } else if (isMapping(value)) {
    for (const [key, member] of Object.entries(value)) {
      const free = path.length === 1 ? path[0] === "upstreams" : path.at(-1) === "header";
      if (key === "__proto__" && free)
        findings.push({ path: [...path, key], code: "invalid-name", message: "this name is not allowed" });
      forbidHiddenKeys(member, [...path, key], findings);
    }
  }
}

function checkAction(
  action: Raw,
  path: Path,
  { names, findings }: { readonly names: Names; readonly findings: Finding[] },
): void {
  const { serve, upstream, profile, mirror } = action;
  findings.push(...unknownName([...path, "upstream"], upstream, names.upstreams));
  findings.push(...unknownName([...path, "mirror", "upstream"], mapOf(mirror)["upstream"], names.upstreams));
  findings.push(...unknownName([...path, "profile"], profile, names.profiles));
  findings.push(...unknownName([...path, "profile", "learn"], mapOf(profile)["learn"], names.upstreams));
  if (serve === "forward" && upstream === undefined) {
    if (names.upstreams.length === 0)
      findings.push({
        path: [...path, "serve"],
        code: "required",
        message: "forward needs an upstream, but none is configured",
      });
    if (names.upstreams.length > 1) {
      findings.push({
        path: [...path, "upstream"],
        code: "required",
        message: "is required with more than one upstream",
        allowed: names.upstreams,
      });
    }
  }
  if (serve !== "simulate") return;
  const message = "cannot be combined with serve: simulate";
  if (upstream !== undefined) findings.push({ path: [...path, "upstream"], code: "conflict", message });
  if (mirror === "simulate") findings.push({ path: [...path, "mirror"], code: "conflict", message });
}

/** The finding that a name at a path is none of those there are. */
function unknownName(path: Path, name: unknown, names: readonly string[]): Finding[] {
  if (typeof name !== "string" || names.includes(name)) return [];
  const what = path.at(-1) === "learn" ? "upstream" : String(path.at(-1));
  const message = `unknown ${what} "${name}"`;
  return [{ path, at: "value", code: "unknown-name", message, ...choice(name, names) }];
}

function checkRuleName(rules: readonly Raw[], index: number, findings: Finding[]): void {
  const name = rules[index]?.["name"];
  const path = ["rules", index, "name"];
  if (typeof name !== "string") return;
  if (reservedRuleNames.includes(name))
    findings.push({ path, at: "value", code: "invalid-name", message: `the name "${name}" is reserved` });
  const first = rules.findIndex((other) => other["name"] === name);
  if (first === index) return;
  const message = `duplicate name: rules[${first}] is also named "${name}"`;
  findings.push({ path, at: "value", code: "duplicate-name", message });
}

/** The SHA-256 of an API key, however it is configured; undefined when it is not known. */
export function digestOf(
  key: { readonly sha256?: unknown; readonly env?: unknown },
  env: Environment,
): string | undefined {
  if (typeof key.sha256 === "string") return key.sha256;
  const value = typeof key.env === "string" ? secretOf(env[key.env] ?? "") : "";
  return value === "" ? undefined : hash("sha256", value);
}

function checkKeys(keys: readonly Raw[], env: Environment, findings: Finding[]): void {
  for (const [index, key] of keys.entries()) {
    const path = ["auth", "keys", index];
    const { name, sha256, env: variable } = key;
    const first = keys.findIndex((other) => other["name"] === name);
    if (typeof name === "string" && first < index) {
      findings.push({
        path: [...path, "name"],
        at: "value",
        code: "duplicate-name",
        message: `duplicate name: auth.keys[${first}] is also named "${name}"`,
      });
    }
    const digest = digestOf(key, env);
    const same = keys.findIndex((other) => digestOf(other, env) === digest);
    if (digest !== undefined && same < index)
      findings.push({ path, code: "duplicate-name", message: `is the same key as auth.keys[${same}]` });
    if ((sha256 === undefined) === (variable === undefined))
      findings.push({ path, code: "conflict", message: "must have either sha256 or env" });
    checkSet(variable, [...path, "env"], { env, checked: { findings, warnings: [] } });
  }
}

function checkAdminToken({ tokenSha256, tokenEnv }: Raw, checking: Checking): void {
  if (tokenSha256 !== undefined && tokenEnv !== undefined)
    checking.checked.findings.push({
      path: ["admin", "tokenEnv"],
      code: "conflict",
      message: "cannot be combined with tokenSha256",
    });
  checkSet(tokenEnv, ["admin", "tokenEnv"], checking);
}

function checkTracing({ headersEnv }: Raw, checking: Checking): void {
  const { env, checked } = checking;
  checkSet(headersEnv, ["tracing", "headersEnv"], checking);
  const text = typeof headersEnv === "string" ? env[headersEnv] : undefined;
  if (text === undefined || secretProblem(text) !== undefined || readHeaders(secretOf(text)) !== undefined) return;
  const message = `the environment variable ${String(headersEnv)} is not name=value, several with a comma between`;
  checked.findings.push({ path: ["tracing", "headersEnv"], at: "value", code: "unset-variable", message });
}

function checkSet(variable: unknown, path: Path, { env, checked }: Checking): void {
  if (typeof variable !== "string") return;
  const problem = env[variable] === undefined ? "is not set" : secretProblem(env[variable]);
  if (problem === undefined) return;
  const message = `the environment variable ${variable} ${problem}`;
  checked.findings.push({ path, at: "value", code: "unset-variable", message });
}

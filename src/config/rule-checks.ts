import { findOperation } from "../core/dialects/index.ts";
import { faultSchema, totalDelayMs, withoutEffect as faultWithoutEffect } from "../core/faults/index.ts";
import { globsExclude } from "../core/glob.ts";
import { matchCovers, matchSchema, uselessOptions } from "../core/match.ts";
import type { FindingCode } from "./codes.ts";
import { anyModel } from "./sections/models.ts";
import { listOf, mapOf, type Finding, type Path, type Raw } from "./findings.ts";
import { defaultMaxDelayMs } from "./schema.ts";

/** A rule, or the default, and where it stands in the file. */
type Placed = { readonly path: Path; readonly action: Raw };

/** What rules say that is hardly meant: conditions that no call meets, rules that are never reached, settings without effect. */
export function ruleWarnings(file: Raw): Finding[] {
  const rules = listOf(file["rules"]).map(mapOf);
  return [
    ...rules.flatMap((rule, index) => withoutEffect({ path: ["rules", index], action: rule })),
    ...rules.flatMap((rule, index) => withoutCalls(mapOf(rule["match"]), ["rules", index, "match"], file)),
    ...unreached(rules),
    ...actionsOf(file).flatMap(unusedFaults),
    ...actionsOf(file).flatMap(unusedFailures),
    ...actionsOf(file).flatMap(idleFaults),
  ];
}

/** Delays of one rule that together pass what a call may be delayed by. */
export function checkDelays(file: Raw): Finding[] {
  const { maxDelayMs = defaultMaxDelayMs } = mapOf(file["control"]);
  if (typeof maxDelayMs !== "number") return [];
  return actionsOf(file).flatMap(({ path, action }): Finding[] => {
    const faults = listOf(action["faults"]).flatMap((fault) => faultSchema.safeParse(fault).data ?? []);
    const totalMs = totalDelayMs(faults);
    if (totalMs <= maxDelayMs) return [];
    const message = `the delays add up to ${totalMs} ms, but control.maxDelayMs allows ${maxDelayMs} ms for one call`;
    return [{ path: [...path, "faults"], code: "delay-limit", message }];
  });
}

function actionsOf(file: Raw): Placed[] {
  const rules = listOf(file["rules"]).map((rule, index): Placed => ({ path: ["rules", index], action: mapOf(rule) }));
  return [...rules, { path: ["default"], action: mapOf(file["default"]) }];
}

function faultsOf({ path, action }: Placed): { readonly path: Path; readonly percentage: unknown }[] {
  return listOf(action["faults"]).map((fault, index) => ({
    path: [...path, "faults", index, "percentage"],
    percentage: mapOf(fault)["percentage"],
  }));
}

function withoutEffect(placed: Placed): Finding[] {
  const { path, action } = placed;
  const match = mapOf(action["match"]);
  const drawsFaults = faultsOf(placed).some(({ percentage }) => percentage !== undefined);
  const useless = uselessOptions(match).filter(({ matcher }) => matcher !== "percentage" || !drawsFaults);
  const found = useless.map(({ option, matcher }) =>
    finding([...path, "match", option], "no-effect", `has no effect without ${matcher}`),
  );
  if (action["perAttempt"] === true && match["percentage"] === undefined && !drawsFaults)
    found.push(finding([...path, "perAttempt"], "no-effect", "has no effect without percentage"));
  return found;
}

function unusedFaults(placed: Placed): Finding[] {
  return faultsOf(placed).flatMap(({ path, percentage }) =>
    percentage === 0 ? [finding(path, "no-effect", "is 0, so no call gets this fault")] : [],
  );
}

/** Only what the simulator serves fails as its profile says. */
function unusedFailures({ path, action }: Placed): Finding[] {
  if (action["failures"] !== true || action["serve"] !== "forward") return [];
  return [finding([...path, "failures"], "no-effect", "has no effect without serve: simulate")];
}

/** Faults that do nothing to any call that their rule takes. */
function idleFaults({ path, action }: Placed): Finding[] {
  const { stream, route } = mapOf(action["match"]);
  const found = typeof route === "string" ? findOperation("POST", route, {}) : undefined;
  const calls = {
    dialect: found?.operation === undefined ? undefined : found.dialect,
    operation: found?.operation?.name,
    stream: typeof stream === "boolean" ? stream : undefined,
  };
  return listOf(action["faults"]).flatMap((fault, index) => {
    const config = faultSchema.safeParse(fault).data;
    const reason = config && faultWithoutEffect(config, calls);
    if (reason === undefined) return [];
    return [finding([...path, "faults", index, "kind"], "no-effect", `has no effect here: ${reason}`)];
  });
}

const unknownModel = "fits none of `models`, and any other model gets 404";

/** Conditions that no call can meet, as far as the file tells. */
function withoutCalls(match: Raw, path: Path, file: Raw): Finding[] {
  const found: Finding[] = [];
  const { percentage, model } = match;
  if (percentage === 0)
    found.push(finding([...path, "percentage"], "never-matches", "is 0, so the rule matches no call"));
  const models = modelsOf(file["models"]);
  if (models.length > 0 && !models.includes(anyModel) && fitsNone(Array.isArray(model) ? model : [model], models))
    found.push({ ...finding([...path, "model"], "never-matches", unknownModel), allowed: models });
  return found;
}

function modelsOf(value: unknown): string[] {
  return listOf(value)
    .map((model) => (typeof model === "string" ? model : mapOf(model)["name"]))
    .filter((name) => typeof name === "string");
}

function fitsNone(patterns: readonly unknown[], names: readonly string[]): boolean {
  return patterns.every((pattern) => typeof pattern === "string" && names.every((name) => globsExclude(pattern, name)));
}

/** A rule behind one that takes every call which it would match never sees one. Rules that are not valid are passed over. */
function unreached(rules: readonly Raw[]): Finding[] {
  const before: { readonly name: string; readonly match: Raw }[] = [];
  return rules.flatMap((rule, index): Finding[] => {
    const match = matchSchema.safeParse(mapOf(rule["match"])).data;
    if (match === undefined) return [];
    const wider = before.find((each) => matchCovers(each.match, match));
    before.push({ name: typeof rule["name"] === "string" ? rule["name"] : `rules[${index}]`, match });
    if (wider === undefined) return [];
    const what = matchCovers(wider.match, {}) ? "every call" : "every call that this rule would match";
    return [finding(["rules", index], "never-reached", `is never reached: "${wider.name}" before it matches ${what}`)];
  });
}

function finding(path: Path, code: FindingCode, message: string): Finding {
  return { path, code, message };
}

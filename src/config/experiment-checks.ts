import {
  defaultMaxDurationMs,
  definitionErrors,
  maxExperiments,
  stagesOf,
  type DefinitionError,
  type ExperimentDefinition,
} from "../core/experiments/definition.ts";
import { crossCheck, type Surroundings } from "./checks.ts";
import { draftOf } from "./experiment-draft.ts";
import { listOf, mapOf, type Checked, type Finding, type Raw } from "./findings.ts";

/** The configuration that an experiment is checked against, checked itself or not. */
export type Against = Surroundings & { readonly file: Raw };

/** What no single value of `experiments`, and of what starts them, shows. */
export function checkExperiments(against: Against): Checked {
  const { file } = against;
  const experiments = listOf(file["experiments"]);
  const names = experiments.map((experiment) => mapOf(experiment)["name"]);
  const findings = experiments.flatMap((experiment, index) => [
    ...checkExperiment(experiment, against).map((finding) => ({
      ...finding,
      path: ["experiments", index, ...finding.path],
    })),
    ...duplicateName(names, index),
  ]);
  const warnings: Finding[] = [];
  const { autostart, dir } = mapOf(file["chaos"]);
  if (autostart === true) {
    const path = ["chaos", "autostart"];
    if (experiments.length === 0 && dir === undefined)
      warnings.push({ path, code: "no-effect", message: "has no effect without experiments" });
    if (experiments.length > maxExperiments) {
      const message = `starts ${experiments.length} experiments, but at most ${maxExperiments} run at once`;
      findings.push({ path, code: "out-of-range", message });
    }
  }
  return { findings, warnings };
}

function duplicateName(names: readonly unknown[], index: number): Finding[] {
  const name = names[index];
  const first = names.indexOf(name);
  if (typeof name !== "string" || first === index) return [];
  const message = `duplicate name: experiments[${first}] is also named "${name}"`;
  return [{ path: ["experiments", index, "name"], at: "value", code: "duplicate-name", message }];
}

/**
 * Checks what the schema of an experiment does not see: its times against each other, its faults and its scope against the
 * configuration. It finds its errors even where the schema has found others.
 */
export function checkExperiment(raw: unknown, against: Against): Finding[] {
  const { maxDurationMs = defaultMaxDurationMs } = mapOf(against.file["chaos"]);
  const most = typeof maxDurationMs === "number" ? maxDurationMs : Infinity;
  const draft = draftOf(raw);
  if (draft === undefined) return [];
  const errors = [
    ...definitionErrors(draft, most),
    ...endlessErrors(draft, most),
    ...profileErrors(draft, against.file),
  ];
  return [...errors.map((error): Finding => ({ code: "conflict", ...error })), ...scopeFindings(draft, against)];
}

/** Stages of an experiment without an end, which are longer than any end may be. */
function endlessErrors({ durationMs, stages = [] }: ExperimentDefinition, most: number): DefinitionError[] {
  const sumMs = stages.reduce((sum, each) => sum + each.durationMs, 0);
  if (!Number.isNaN(durationMs) || !(sumMs > most)) return [];
  return [{ path: ["stages"], message: `last ${sumMs} ms together, but durationMs can be at most ${most}` }];
}

/** A profile alone changes calls that are simulated. */
function profileErrors(definition: ExperimentDefinition, file: Raw): DefinitionError[] {
  const actions = [...listOf(file["rules"]).map(mapOf), { serve: "simulate", ...mapOf(file["default"]) }];
  const isSimulating = ({ serve, mirror }: Raw): boolean => serve === "simulate" && mirror === undefined;
  if (mapOf(file["control"])["enabled"] === true || actions.some(isSimulating)) return [];
  return stagesOf(definition).flatMap(({ serve, profile }, index) => {
    if (profile === undefined || serve !== undefined) return [];
    const path = definition.stages === undefined ? ["profile"] : ["stages", index, "profile"];
    return [{ path, message: "has no effect, because no rule simulates a call; add serve: simulate" }];
  });
}

/** Scope and faults are checked as those of a rule would be: each stage stands for one. */
function scopeFindings(definition: ExperimentDefinition, { file, ...surroundings }: Against): Finding[] {
  const isStaged = definition.stages !== undefined;
  const rules = stagesOf(definition).map(({ faults, serve, upstream, profile }, index) => {
    const serving = { serve: serve ?? (upstream === undefined ? "simulate" : "forward"), upstream, profile };
    return { name: `experiment-${index}`, match: definition.match, ...serving, faults };
  });
  const { findings, warnings } = crossCheck({ ...file, rules }, surroundings);
  return [...findings, ...warnings.filter(({ code }) => code === "never-matches")].flatMap((finding) => {
    const [list, index, ...path] = finding.path;
    if (list !== "rules") return [];
    if (path[0] === "match") return index === 0 ? [{ ...finding, path }] : [];
    return [{ ...finding, path: isStaged ? ["stages", index ?? 0, ...path] : path }];
  });
}

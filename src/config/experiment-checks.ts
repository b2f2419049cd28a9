import {
  defaultMaxDurationMs,
  definitionErrors,
  maxExperiments,
  type Draft,
  type DraftStage,
} from "../core/experiments/definition.ts";
import { crossCheck, type Surroundings } from "./checks.ts";
import { isMapping, listOf, mapOf, type Checked, type Finding, type Raw } from "./findings.ts";

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
  if (mapOf(file["chaos"])["autostart"] === true) {
    const path = ["chaos", "autostart"];
    if (experiments.length === 0)
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
 * configuration. It looks at the experiment as it was written, so that it finds its errors even where the schema has found others.
 */
export function checkExperiment(raw: unknown, against: Against): Finding[] {
  if (!isMapping(raw)) return [];
  const { maxDurationMs = defaultMaxDurationMs } = mapOf(against.file["chaos"]);
  const most = typeof maxDurationMs === "number" ? maxDurationMs : Infinity;
  return [...definitionErrors(draftOf(raw), most), ...scopeFindings(raw, against)];
}

function draftOf({ durationMs, baselineMs, faults, stages }: Raw): Draft {
  return {
    durationMs: timeOf(durationMs),
    baselineMs: timeOf(baselineMs, 0),
    faults: faults === undefined ? undefined : partsOf(faults),
    stages: stages === undefined ? undefined : partsOf(stages).map(draftStageOf),
  };
}

function draftStageOf(stage: unknown): DraftStage {
  if (!isMapping(stage)) return { durationMs: NaN, rampMs: NaN, faults: [stage] };
  const { durationMs, rampMs, faults = [] } = stage;
  return { durationMs: timeOf(durationMs), rampMs: timeOf(rampMs, 0), faults: partsOf(faults) };
}

function timeOf(value: unknown, standard = NaN): number {
  if (value === undefined) return standard;
  return typeof value === "number" ? value : NaN;
}

/** What is no list counts as one with something in it, which the schema does not let pass. */
function partsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Scope and faults are checked as those of a rule would be: each stage stands for one. */
function scopeFindings({ match = {}, faults = [], stages }: Raw, { file, ...surroundings }: Against): Finding[] {
  const lists = stages === undefined ? [faults] : listOf(stages).map((stage) => mapOf(stage)["faults"]);
  const rules = lists.map((list, index) => ({ name: `experiment-${index}`, match, serve: "simulate", faults: list }));
  const { findings, warnings } = crossCheck({ ...file, rules }, surroundings);
  return [...findings, ...warnings.filter(({ code }) => code === "never-matches")].flatMap((finding) => {
    const [list, index, ...path] = finding.path;
    if (list !== "rules") return [];
    if (path[0] === "match") return index === 0 ? [{ ...finding, path }] : [];
    return [{ ...finding, path: stages === undefined ? path : ["stages", index ?? 0, ...path] }];
  });
}

import { z } from "zod";
import {
  definitionErrors,
  experimentSchema,
  stagesOf,
  type DefinitionError,
  type ExperimentDefinition,
} from "../core/experiments/definition.ts";
import { crossCheck } from "./checks.ts";
import { schemaFindings, type Finding } from "./findings.ts";
import type { Settings } from "./load.ts";
import { pathText } from "./places.ts";

/** One thing that is wrong with an experiment, and what would be right. */
export type ExperimentError = {
  /** Such as `stages[0].faults[1].kind`; empty for the whole. */
  readonly path: string;
  readonly message: string;
  readonly allowed?: readonly string[];
  readonly nearest?: string;
};

/** A checked experiment, or all that is wrong with it. */
export type ReadExperiment =
  | { readonly ok: true; readonly definition: ExperimentDefinition }
  | { readonly ok: false; readonly errors: readonly ExperimentError[] };

let jsonSchema: z.core.JSONSchema.JSONSchema | undefined;

/**
 * Reads an experiment as it was sent.
 *
 * @param settings those in force: a scope that no call of theirs can be in is an error
 */
export function readExperiment(raw: unknown, settings: Settings): ReadExperiment {
  const { data, error } = experimentSchema.safeParse(raw, { reportInput: true });
  if (error !== undefined) {
    const schema = () => (jsonSchema ??= z.toJSONSchema(experimentSchema, { io: "input" }));
    return { ok: false, errors: schemaFindings(error, { raw, schema }).map(errorOf) };
  }
  const { maxDurationMs } = settings.config.chaos;
  const errors = [
    ...[...definitionErrors(data, maxDurationMs), ...profileErrors(data, settings)].map(errorOf),
    ...scopeErrors(data, settings),
  ];
  return errors.length === 0 ? { ok: true, definition: withUpstream(data, settings) } : { ok: false, errors };
}

/** The only upstream is named where an experiment forwards, so that it stays the same when others are added. */
function withUpstream(definition: ExperimentDefinition, { config }: Settings): ExperimentDefinition {
  const [only] = Object.keys(config.upstreams);
  const named = <Part extends Pick<ExperimentDefinition, "serve" | "upstream">>(part: Part): Part =>
    part.serve === "forward" ? { ...part, upstream: part.upstream ?? only } : part;
  const { stages } = definition;
  return { ...named(definition), ...(stages !== undefined && { stages: stages.map(named) }) };
}

function errorOf({ path, message, allowed, nearest }: Pick<Finding, "path" | "message" | "allowed" | "nearest">) {
  return {
    path: pathText(path),
    message,
    ...(allowed !== undefined && { allowed }),
    ...(nearest !== undefined && { nearest }),
  };
}

/** A profile alone changes calls that are simulated. */
function profileErrors(definition: ExperimentDefinition, { config }: Settings): DefinitionError[] {
  const actions = [...config.rules, config.default];
  if (config.control.enabled || actions.some(({ serve, mirror }) => serve === "simulate" && mirror === undefined))
    return [];
  return stagesOf(definition).flatMap(({ serve, profile }, index) => {
    if (profile === undefined || serve !== undefined) return [];
    const path = definition.stages === undefined ? ["profile"] : ["stages", index, "profile"];
    return [{ path, message: "has no effect, because no rule simulates a call; add serve: simulate" }];
  });
}

/** Scope and faults are checked as those of a rule would be: each stage stands for one. */
function scopeErrors(definition: ExperimentDefinition, { config, profiles, env }: Settings): ExperimentError[] {
  const isStaged = definition.stages !== undefined;
  const rules = stagesOf(definition).map(({ faults, serve, upstream, profile }, index) => {
    const serving = { serve: serve ?? (upstream === undefined ? "simulate" : "forward"), upstream, profile };
    return { name: `experiment-${index}`, match: definition.match, ...serving, faults };
  });
  const { findings, warnings } = crossCheck(
    { ...config, rules },
    { profiles, env, extProc: config.extProc !== undefined },
  );
  const found = [...findings, ...warnings.filter(({ code }) => code === "never-matches")].flatMap((finding) => {
    const [list, index, ...path] = finding.path;
    if (list !== "rules") return [];
    if (path[0] === "match") return index === 0 ? [{ ...finding, path }] : [];
    return [{ ...finding, path: isStaged ? ["stages", index ?? 0, ...path] : path }];
  });
  return found.map(errorOf);
}

import { z } from "zod";
import {
  definitionErrors,
  experimentSchema,
  stagesOf,
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
  const errors = [...definitionErrors(data, maxDurationMs).map(errorOf), ...scopeErrors(data, settings)];
  return errors.length === 0 ? { ok: true, definition: data } : { ok: false, errors };
}

function errorOf({ path, message, allowed, nearest }: Pick<Finding, "path" | "message" | "allowed" | "nearest">) {
  return {
    path: pathText(path),
    message,
    ...(allowed !== undefined && { allowed }),
    ...(nearest !== undefined && { nearest }),
  };
}

/** Scope and faults are checked as those of a rule would be: each stage stands for one. */
function scopeErrors(definition: ExperimentDefinition, { config, profiles, env }: Settings): ExperimentError[] {
  const isStaged = definition.stages !== undefined;
  const rules = stagesOf(definition).map(({ faults }, index) => {
    return { name: `experiment-${index}`, match: definition.match, serve: "simulate", faults };
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

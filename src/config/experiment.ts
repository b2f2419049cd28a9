import { z } from "zod";
import { experimentSchema, type ExperimentDefinition } from "../core/experiments/definition.ts";
import { checkExperiment } from "./experiment-checks.ts";
import { choice, isMapping, schemaFindings, type Finding, type Raw } from "./findings.ts";
import type { Settings } from "./load.ts";
import type { Config } from "./schema.ts";
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
 * Reads an experiment as it was sent: one of its own, or `{ configured: NAME }` for one of `experiments`.
 *
 * @param settings those in force: a scope that no call of theirs can be in is an error
 */
export function readExperiment(raw: unknown, settings: Settings): ReadExperiment {
  const { config, profiles, env } = settings;
  const named = isMapping(raw) && raw["configured"] !== undefined ? namedExperiment(raw, config) : undefined;
  if (named !== undefined) return named;
  const { data, error } = experimentSchema.safeParse(raw, { reportInput: true });
  const schema = () => (jsonSchema ??= z.toJSONSchema(experimentSchema, { io: "input" }));
  const written = error === undefined ? [] : schemaFindings(error, { raw, schema });
  const against = { file: config, profiles, env, extProc: config.extProc !== undefined };
  const errors = [...written, ...checkExperiment(raw, against)].map(errorOf);
  return data !== undefined && errors.length === 0
    ? { ok: true, definition: withUpstream(data, config) }
    : { ok: false, errors };
}

/** The only upstream is named where an experiment forwards, so that it stays the same when others are added. */
function withUpstream(definition: ExperimentDefinition, { upstreams }: Config): ExperimentDefinition {
  const [only] = Object.keys(upstreams);
  const named = <Part extends Pick<ExperimentDefinition, "serve" | "upstream">>(part: Part): Part =>
    part.serve === "forward" ? { ...part, upstream: part.upstream ?? only } : part;
  const { stages } = definition;
  return { ...named(definition), ...(stages !== undefined && { stages: stages.map(named) }) };
}

/** Those of the configuration were checked with it. */
function namedExperiment({ configured, ...others }: Raw, config: Config): ReadExperiment {
  const { experiments } = config;
  const extra = Object.keys(others).map((path) => ({ path, message: "cannot be combined with configured" }));
  const definition = experiments.find(({ name }) => name === configured);
  const names = experiments.map(({ name }) => name);
  const unknown = { path: "configured", message: "must be the name of one of `experiments` of the configuration" };
  const errors = [...(definition === undefined ? [{ ...unknown, ...choice(configured, names) }] : []), ...extra];
  return definition === undefined || errors.length > 0
    ? { ok: false, errors }
    : { ok: true, definition: withUpstream(definition, config) };
}

function errorOf({ path, message, allowed, nearest }: Pick<Finding, "path" | "message" | "allowed" | "nearest">) {
  return {
    path: pathText(path),
    message,
    ...(allowed !== undefined && { allowed }),
    ...(nearest !== undefined && { nearest }),
  };
}

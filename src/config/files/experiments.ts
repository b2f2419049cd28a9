import path from "node:path";
import { z } from "zod";
import { experimentSchema, maxExperiments, type ExperimentDefinition } from "../../core/experiments/definition.ts";
import { checkExperiment, type Against } from "../experiment-checks.ts";
import { isProfileFile, type ReadFiles } from "./identity.ts";
import { textOf } from "./reader.ts";
import { unreadable } from "./unreadable.ts";
import { schemaFindings, type Finding } from "../findings.ts";
import type { ConfigError } from "../places.ts";
import type { Config } from "../schema.ts";
import { readYaml, type YamlText } from "../yaml-text.ts";

/** What reading is told besides the configuration: the folder of relative names, where errors go, and what experiments are checked against. */
export type ExperimentsReading = {
  readonly folder: string;
  readonly findings: Finding[];
  readonly files: ReadFiles;
  readonly against: Against;
};

/** The experiments of a configuration, and the errors of their files. */
export type ReadExperiments = {
  /** Those of the configuration itself first, then by file name. */
  readonly experiments: readonly ExperimentDefinition[];
  readonly errors: readonly ConfigError[];
};

/** Reads each `*.yaml` and `*.yml` of `chaos.dir` as an experiment, beside those of `experiments`. */
export async function readExperimentFiles(config: Config, reading: ExperimentsReading): Promise<ReadExperiments> {
  const { chaos, experiments } = config;
  if (chaos.dir === undefined) return { experiments, errors: [] };
  const { findings, files } = reading;
  const folder = path.resolve(reading.folder, chaos.dir);
  const at = { path: ["chaos", "dir"], at: "value" } as const;
  files.note(folder);
  let names: string[];
  try {
    names = (await files.names(folder)).filter(isProfileFile).sort();
  } catch (cause) {
    const message = `${chaos.dir}: ${unreadable(cause).replace("file", "folder")}`;
    findings.push({ ...at, code: "unreadable-file", message });
    return { experiments, errors: [] };
  }
  const read = await Promise.all(names.map((name) => readOne(path.join(folder, name), reading)));
  const errors = read.flatMap((each) => each.errors);
  const all = [...experiments];
  for (const { file, text, definition } of read) {
    if (definition === undefined) continue;
    if (all.some(({ name }) => name === definition.name)) errors.push(...taken(file, text, definition.name));
    else all.push(definition);
  }
  if (chaos.autostart && experiments.length <= maxExperiments && all.length > maxExperiments) {
    const message = `with it ${all.length} experiments are started, but at most ${maxExperiments} run at once`;
    findings.push({ ...at, code: "out-of-range", message });
  }
  return { experiments: all, errors };
}

type Read = {
  readonly file: string;
  readonly text: YamlText;
  readonly definition: ExperimentDefinition | undefined;
  readonly errors: readonly ConfigError[];
};

async function readOne(file: string, { files, against }: ExperimentsReading): Promise<Read> {
  files.note(file);
  let text: YamlText;
  try {
    text = readYaml(textOf(await files.read(file)));
  } catch (cause) {
    const error = { line: 1, column: 1, path: "", code: "unreadable-file", message: unreadable(cause) } as const;
    return { file, text: readYaml(""), definition: undefined, errors: [{ file, ...error }] };
  }
  const { raw, isEmpty } = text;
  const { data, error } = experimentSchema.safeParse(raw, { reportInput: true });
  const empty: Finding = { path: [], code: "empty", message: "the file is empty; an experiment needs a name" };
  const written = error === undefined ? [] : schemaFindings(error, { raw, schema: experimentJsonSchema });
  const findings = isEmpty ? [empty] : raw === undefined ? [] : [...written, ...checkExperiment(raw, against)];
  const errors = [...text.errors, ...text.located(findings)].map((each) => ({ file, ...each }));
  return { file, text, definition: errors.length > 0 ? undefined : data, errors };
}

function taken(file: string, text: YamlText, name: string): ConfigError[] {
  const message = `duplicate name: another experiment is also named "${name}"`;
  const finding: Finding = { path: ["name"], at: "value", code: "duplicate-name", message };
  return text.located([finding]).map((error) => ({ file, ...error }));
}

let jsonSchema: z.core.JSONSchema.JSONSchema | undefined;

function experimentJsonSchema(): z.core.JSONSchema.JSONSchema {
  return (jsonSchema ??= z.toJSONSchema(experimentSchema, { io: "input" }));
}

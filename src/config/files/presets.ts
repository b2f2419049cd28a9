import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { isObject, type Preset, type WrittenExperiment } from "../../core/experiments/written.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { formatErrors } from "../places.ts";
import { readYaml } from "../yaml-text.ts";

const folder = path.join(import.meta.dirname, "../../../presets");
const extension = ".yaml";

/** The names of the presets that come with the program. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((file) => file.endsWith(extension)).map((file) => file.slice(0, -extension.length));
}

/** @param name one of `presetNames` */
export async function readPreset(name: string): Promise<Preset> {
  const text = await readFile(path.join(folder, name + extension), "utf8");
  const about = /^# (.*)$/m.exec(text)?.[1] ?? "";
  return { name, about, experiment: readExperimentText(text, name + extension) };
}

let all: Promise<readonly Preset[]> | undefined;

/** All presets, read once. */
export async function readPresets(): Promise<readonly Preset[]> {
  all ??= presetNames().then((names) => Promise.all(names.toSorted().map(readPreset)));
  return await all;
}

/**
 * Reads an experiment in YAML or JSON, without checking it.
 *
 * @param file its name, for errors
 * @throws CONFIG_INVALID where the text cannot be read, or holds no object
 */
export function readExperimentText(text: string, file: string): WrittenExperiment {
  const { raw, errors } = readYaml(text);
  if (errors.length > 0) throw new StuntdoubleError("CONFIG_INVALID", formatErrors(file, errors));
  if (isObject(raw)) return raw;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `${file}: must hold an object with name, percentage, durationMs and faults.`,
  );
}

import { readFile } from "node:fs/promises";
import path from "node:path";
import { unreadable } from "../config/files/unreadable.ts";
import { presetNames, readExperimentText, readPreset } from "../config/files/presets.ts";
import { readYaml } from "../config/yaml-text.ts";
import { changedExperiment, isObject, type WrittenExperiment } from "../core/experiments/written.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { nearestOf } from "../core/issues.ts";
import type { Io } from "./args.ts";

/** The experiment of a preset. @throws CONFIG_INVALID naming those there are */
export async function presetExperiment(name: string): Promise<WrittenExperiment> {
  const names = await presetNames();
  if (names.includes(name)) return (await readPreset(name)).experiment;
  const nearest = nearestOf(name, names);
  const meant = nearest === undefined ? "" : ` Did you mean "${nearest}"?`;
  throw new StuntdoubleError("CONFIG_INVALID", `there is no preset "${name}".${meant} Presets: ${names.join(", ")}.`);
}

/**
 * Reads an experiment in YAML or JSON; `-` is standard input.
 *
 * @throws CONFIG_INVALID when it cannot be read, or is no object
 */
export async function readExperimentFile(file: string, io: Io): Promise<WrittenExperiment> {
  if (file === "-") return readExperimentText(new TextDecoder().decode(await io.readInput()), file);
  return readExperimentText(await textOf(file, io), file);
}

async function textOf(file: string, { cwd }: Io): Promise<string> {
  try {
    return await readFile(path.resolve(cwd, file), "utf8");
  } catch (error) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: ${unreadable(error)}.`, { cause: error });
  }
}

/** What the command line may say instead of the file. */
type Changes = { readonly match?: string; readonly percentage?: string; readonly for?: string };

/**
 * The experiment with what the command line says instead.
 *
 * @throws CONFIG_INVALID for a flag that cannot be understood
 */
export function changed(experiment: WrittenExperiment, { match, percentage, for: time }: Changes): WrittenExperiment {
  return changedExperiment(experiment, {
    match: match === undefined ? undefined : matchOf(match),
    percentage: percentage === undefined ? undefined : percentageOf(percentage),
    durationMs: time === undefined ? undefined : durationOf(time),
  });
}

function matchOf(text: string): unknown {
  const { raw, errors } = readYaml(text);
  if (errors.length === 0 && isObject(raw)) return raw;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `--match must be an object such as '{ header: { x-env: staging } }', not "${text}".`,
  );
}

function percentageOf(text: string): number {
  const value = Number(text.replace(/%$/, ""));
  if (text !== "" && Number.isFinite(value)) return value;
  throw new StuntdoubleError("CONFIG_INVALID", `--percentage must be a number such as 10 or 0.5, not "${text}".`);
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function durationOf(text: string): number {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const unitMs = unitsMs[unit];
  if (unitMs !== undefined) return Math.round(Number(amount) * unitMs);
  throw new StuntdoubleError("CONFIG_INVALID", `--for must be a time such as 90s, 10m or 1h, not "${text}".`);
}

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { formatErrors } from "../config/places.ts";
import { unreadable } from "../config/files/unreadable.ts";
import { readYaml } from "../config/yaml-text.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { nearestOf } from "../core/issues.ts";
import type { Io } from "./args.ts";

/** An experiment as it was written; the node checks it. */
export type WrittenExperiment = { readonly [key: string]: unknown };

const folder = path.join(import.meta.dirname, "../../presets");
const extension = ".yaml";

/** The presets that come with the program, by name. */
export async function presetNames(): Promise<string[]> {
  const files = await readdir(folder);
  return files.filter((file) => file.endsWith(extension)).map((file) => file.slice(0, -extension.length));
}

/** @throws CONFIG_INVALID naming those there are */
export async function readPreset(name: string): Promise<WrittenExperiment> {
  const names = await presetNames();
  if (names.includes(name)) return await readText(path.join(folder, name + extension));
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
  if (file !== "-") return await readText(path.resolve(io.cwd, file), file);
  return parse(new TextDecoder().decode(await io.readInput()), file);
}

async function readText(file: string, shown = file): Promise<WrittenExperiment> {
  try {
    return parse(await readFile(file, "utf8"), shown);
  } catch (error) {
    if (error instanceof StuntdoubleError) throw error;
    throw new StuntdoubleError("CONFIG_INVALID", `${shown}: ${unreadable(error)}.`, { cause: error });
  }
}

function parse(text: string, file: string): WrittenExperiment {
  const { raw, errors } = readYaml(text);
  if (errors.length > 0) throw new StuntdoubleError("CONFIG_INVALID", formatErrors(file, errors));
  if (isObject(raw)) return raw;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `${file}: must hold an object with name, percentage, durationMs and faults.`,
  );
}

function isObject(value: unknown): value is WrittenExperiment {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What the command line may say instead of the file. */
type Changes = { readonly match?: string; readonly percentage?: string; readonly for?: string };

/**
 * The experiment with what the command line says instead.
 *
 * @throws CONFIG_INVALID for a flag that cannot be understood
 */
export function changed(experiment: WrittenExperiment, { match, percentage, for: time }: Changes): WrittenExperiment {
  return {
    ...experiment,
    ...(match !== undefined && { match: matchOf(match) }),
    ...(percentage !== undefined && { percentage: percentageOf(percentage) }),
    ...(time !== undefined && lasting(experiment, durationOf(time))),
  };
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

/** Stages become longer or shorter by the same factor as the whole. */
function lasting({ durationMs, stages }: WrittenExperiment, wantedMs: number): WrittenExperiment {
  if (!Array.isArray(stages) || typeof durationMs !== "number" || durationMs <= 0) return { durationMs: wantedMs };
  const factor = wantedMs / durationMs;
  const scaled = (value: unknown): unknown => (typeof value === "number" ? Math.floor(value * factor) : value);
  return {
    durationMs: wantedMs,
    stages: stages.map((stage: unknown) => {
      if (!isObject(stage)) return stage;
      const { rampMs } = stage;
      return {
        ...stage,
        durationMs: scaled(stage["durationMs"]),
        ...(rampMs !== undefined && { rampMs: scaled(rampMs) }),
      };
    }),
  };
}

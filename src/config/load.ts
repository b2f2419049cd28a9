import { hash } from "node:crypto";
import { access } from "node:fs/promises";
import path from "node:path";
import { StuntdoubleError } from "../core/errors.ts";
import type { RecordingFolder } from "../core/recordings/types.ts";
import type { PriceTable } from "../core/prices/types.ts";
import type { Profile } from "../core/types.ts";
import { readCertificates, type Certificates } from "./certificates.ts";
import { crossCheck, type Environment, type Surroundings } from "./checks.ts";
import { checkExperiments } from "./experiment-checks.ts";
import { readExperimentFiles } from "./files/experiments.ts";
import { isMapping, mapOf, schemaFindings, type Checked, type Finding } from "./findings.ts";
import { createReadFiles, type ReadFile, type ReadFiles } from "./files/identity.ts";
import type { FileTree } from "./files/tree.ts";
import { formatErrors, pathText, type ConfigError } from "./places.ts";
import { loadProfiles, shippedProfiles } from "./profiles.ts";
import { readPrices } from "./prices/read.ts";
import { proxyVariables } from "./proxy.ts";
import type { Fixture } from "./replies/aimock.ts";
import { readRecordings } from "./recordings/read.ts";
import { readReplyFiles, type ReplyFiles } from "./replies/files.ts";
import { readFixtures } from "./replies/fixtures.ts";
import { configJsonSchema, configSchema, isFreeKey, type Config } from "./schema.ts";
import { unpricedModels } from "./sections/budget-checks.ts";
import { unreadable } from "./files/unreadable.ts";
import { checkWritten } from "./files/written.ts";
import { readServiceFiles, readUpstreamFiles, type PemFiles, type UpstreamFiles } from "./upstream-files.ts";
import { readYaml } from "./yaml-text.ts";

export { formatErrors } from "./places.ts";

/** Digits of the SHA-256 that tell one file from another. */
export const hashDigits = 12;

/** One configuration as plain data, complete enough to be compiled in any thread. */
export type Settings = {
  readonly config: Config;
  readonly profiles: readonly Profile[];
  /** The environment variables that the configuration names, and no other. */
  readonly env: Environment;
  /** Counts the configurations that this process has taken up, from 1. */
  readonly generation: number;
  readonly certificates: Certificates;
  /** What the files that upstreams name hold, by the name of the upstream. */
  readonly upstreamFiles: Readonly<Record<string, UpstreamFiles>>;
  /** What the files that `shared.redis.tls` names hold; absent where it names none. */
  readonly redisFiles?: PemFiles;
  /** What the files that `register.consul.tls` names hold; absent where it names none. */
  readonly registerFiles?: PemFiles;
  /** What the files that replies name hold, by their names; absent where no reply names one. */
  readonly replyFiles?: ReplyFiles;
  /** Absent where none is configured. */
  readonly fixtures?: readonly Fixture[];
  /** What the folders hold whose recordings rules play; absent where none does. */
  readonly recordings?: readonly RecordingFolder[];
  /** Where relative names of folders that are written to start. */
  readonly folder?: string;
  /** The absolute path of `chaos.historyFile`; absent where none is configured. */
  readonly historyFile?: string;
  /** The absolute path of `learning.file`; absent where none is configured. */
  readonly learningFile?: string;
  /** The absolute path of `budgets.file`; absent where none is configured. */
  readonly budgetsFile?: string;
  /** By model; absent where no upstream has a budget. */
  readonly prices?: PriceTable;
  /** The absolute path of `records.dir`; absent where none is configured. */
  readonly recordsDir?: string;
  /** The text it was read from: the first 12 hex digits of its SHA-256; absent where there is none. */
  readonly hash?: string;
};

export type Loaded = {
  readonly warnings: readonly ConfigError[];
  /** Every file that was read, also where it has errors. */
  readonly files: readonly ReadFile[];
  /** The text of the file; absent where it could not be read. */
  readonly text?: string;
} & (
  | { readonly ok: true; readonly settings: Settings }
  | { readonly ok: false; readonly errors: readonly ConfigError[] }
);

/** What a configuration is read in: the process's environment, of which only what the file names is kept. */
export type Reading = {
  readonly env: Environment;
  readonly generation: number;
  /** The command line asks for Envoy's ext_proc filter to be served. */
  readonly extProc?: boolean;
  /** Files that stand in no folder of the disk. */
  readonly tree?: FileTree;
  /** Where relative names of what is written start; default: beside the configuration. */
  readonly outputFolder?: string;
};

type Place = Reading & { readonly folder: string };

/** Reads a configuration file, YAML or JSON, and finds all its errors in one go; one that cannot be read is an error, too. */
export async function loadConfig(file: string, reading: Reading): Promise<Loaded> {
  const files = createReadFiles(reading.tree);
  files.note(file);
  let bytes: Uint8Array;
  try {
    bytes = await files.read(file);
  } catch (cause) {
    const error: ConfigError = { line: 1, column: 1, path: "", code: "unreadable-file", message: unreadable(cause) };
    return { ok: false, errors: [error], warnings: [], files: files.list() };
  }
  const loaded = await loadBytes(bytes, { ...reading, folder: path.dirname(file) }, files);
  return { ...loaded, text: new TextDecoder().decode(bytes) };
}

/**
 * The same for the text of a configuration, wherever it comes from.
 *
 * @param text as it stands in a file; bytes are UTF-8
 * @param place `folder` is where relative names of other files start
 * @returns errors and warnings in the order of the text
 */
export async function loadText(text: string | Uint8Array, place: Place): Promise<Loaded> {
  return await loadBytes(typeof text === "string" ? new TextEncoder().encode(text) : text, place, createReadFiles());
}

async function loadBytes(bytes: Uint8Array, place: Place, files: ReadFiles): Promise<Loaded> {
  const text = readYaml(new TextDecoder().decode(bytes));
  const { raw, isEmpty } = text;
  if (isEmpty) return { ok: false, errors: text.located([emptyFile]), warnings: [], files: files.list() };
  if (raw === undefined) return { ok: false, errors: text.errors, warnings: [], files: files.list() };
  const judged = await judge(raw, place, files);
  const errors = [...text.errors, ...text.located(judged.findings)].sort(
    (a, b) => a.line - b.line || a.column - b.column,
  );
  errors.push(...judged.elsewhere);
  const read = { warnings: [...text.located(judged.warnings), ...judged.warningsElsewhere], files: files.list() };
  if (errors.length > 0 || judged.settings === undefined) return { ok: false, errors, ...read };
  const digest = hash("sha256", bytes).slice(0, hashDigits);
  return { ok: true, settings: { ...judged.settings, hash: digest }, ...read };
}

const emptyFile: Finding = {
  path: [],
  code: "empty",
  message: "the file is empty; {} stands for a configuration of defaults, which simulates every call",
};

/**
 * The settings of a configuration that stands in no file.
 *
 * @throws CONFIG_INVALID naming every error
 */
export async function settingsOf(config: unknown, env: Environment, folder = "."): Promise<Settings> {
  const { settings, findings, elsewhere } = await judge(config, { folder, env, generation: 1 }, createReadFiles());
  if (settings !== undefined && findings.length === 0 && elsewhere.length === 0) return settings;
  const reasons = [
    ...findings.map((finding) => `${pathText(finding.path)}: ${finding.message}`),
    ...elsewhere.map((error) => formatErrors("", [error])),
  ];
  throw new StuntdoubleError("CONFIG_INVALID", `The configuration has errors. ${reasons.join("; ")}`);
}

type Judged = {
  readonly settings: Settings | undefined;
  readonly findings: Finding[];
  readonly warnings: Finding[];
  /** Errors of other files that the configuration names. */
  readonly elsewhere: readonly ConfigError[];
  readonly warningsElsewhere: readonly ConfigError[];
};

async function judge(
  given: unknown,
  { folder, env, generation, extProc = false, outputFolder = folder }: Place,
  files: ReadFiles,
): Promise<Judged> {
  const raw = withoutFreeKeys(given);
  const found: Finding[] = [];
  const place = { folder, outputFolder, findings: found, files };
  const { profiles, errors } = await allProfiles(raw, place);
  const read = await readFixtures(raw, place);
  const elsewhere = [...errors, ...read.errors];
  const warningsElsewhere = [...read.warnings];
  const { findings, warnings } = allChecks(raw, { profiles, env, extProc });
  const { data, error } = configSchema.safeParse(raw, { reportInput: true });
  if (error !== undefined) {
    const wrong = schemaFindings(error, { raw, schema: configJsonSchema });
    return { settings: undefined, findings: [...wrong, ...findings, ...found], warnings, elsewhere, warningsElsewhere };
  }
  const config = await withExperiments(data, place, { raw, elsewhere, profiles, env, extProc });
  const replyFiles = await readReplyFiles(config, place);
  const { folders, warnings: damaged } = await readRecordings(config, place);
  warningsElsewhere.push(...damaged);
  const settings = {
    folder: path.resolve(outputFolder),
    config,
    profiles,
    env: named(config, env),
    generation,
    certificates: await readCertificates(config, place),
    upstreamFiles: await readUpstreamFiles(config, place),
    ...(await readServiceFiles(config, { folder, findings: found, files })),
    ...(replyFiles !== undefined && { replyFiles }),
    ...(read.fixtures.length > 0 && { fixtures: read.fixtures }),
    ...(folders.length > 0 && { recordings: folders }),
    ...(await pricesOf(config, { folder, findings: found, files, warnings, elsewhere })),
    ...keptFilesOf(config, outputFolder),
  };
  const told = [...warnings, ...(await checkWritten(config, outputFolder))];
  return { settings, findings: [...findings, ...found], warnings: told, elsewhere, warningsElsewhere };
}

type ExperimentsSurroundings = Surroundings & { readonly raw: unknown; readonly elsewhere: ConfigError[] };

/** The configuration with the experiments of `chaos.dir`. */
async function withExperiments(
  config: Config,
  place: { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles },
  { raw, elsewhere, ...surroundings }: ExperimentsSurroundings,
): Promise<Config> {
  const against = { file: mapOf(raw), ...surroundings };
  const { experiments, errors } = await readExperimentFiles(config, { ...place, against });
  elsewhere.push(...errors);
  return { ...config, experiments: [...experiments] };
}

function allChecks(raw: unknown, surroundings: Surroundings): Checked {
  const [one, other] = [crossCheck(raw, surroundings), checkExperiments({ file: mapOf(raw), ...surroundings })];
  return { findings: [...one.findings, ...other.findings], warnings: [...one.warnings, ...other.warnings] };
}

/** The absolute paths of what a node writes to. */
function keptFilesOf({ chaos, records, learning, budgets }: Config, folder: string): KeptFiles {
  const full = (file: string): string => path.resolve(folder, file);
  return {
    ...(chaos.historyFile !== undefined && { historyFile: full(chaos.historyFile) }),
    ...(records?.dir !== undefined && { recordsDir: full(records.dir) }),
    ...(learning.file !== undefined && { learningFile: full(learning.file) }),
    ...(budgets.file !== undefined && { budgetsFile: full(budgets.file) }),
  };
}

type KeptFiles = Pick<Settings, "historyFile" | "recordsDir" | "learningFile" | "budgetsFile">;

type PricesReading = Parameters<typeof readPrices>[1] & {
  readonly warnings: Finding[];
  readonly elsewhere: ConfigError[];
};

async function pricesOf(config: Config, reading: PricesReading): Promise<Pick<Settings, "prices">> {
  const { prices, errors } = await readPrices(config, reading);
  reading.elsewhere.push(...errors);
  reading.warnings.push(...unpricedModels(config, prices));
  return Object.keys(prices).length > 0 ? { prices } : {};
}

/** Keys at the top that are the writer's own, for anchors, say nothing to us. */
function withoutFreeKeys(raw: unknown): unknown {
  if (!isMapping(raw)) return raw;
  return Object.fromEntries(Object.entries(raw).filter(([key]) => !isFreeKey(key)));
}

function named({ upstreams, auth, control, admin, register, shared, tracing }: Config, env: Environment): Environment {
  const names = [
    control.tokenEnv,
    admin.tokenEnv,
    register?.consul.tokenEnv,
    shared?.redis.urlEnv,
    tracing?.headersEnv,
    ...Object.values(upstreams).map((upstream) => upstream.apiKeyEnv),
    ...auth.keys.map((key) => key.env),
    ...(Object.keys(upstreams).length > 0 ? proxyVariables : []),
  ];
  return Object.fromEntries(names.flatMap((name) => (name === undefined ? [] : [[name, env[name]]])));
}

/** Whether there is a file of that name. */
export async function fileExists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

type AllProfiles = { readonly profiles: readonly Profile[]; readonly errors: readonly ConfigError[] };

/** Read once, because they come with the program and are most of what loading a configuration costs. */
let shippedOnce: Promise<AllProfiles> | undefined;

/** Profiles that come with the program, and those of the configured folder; one of the same name takes its place. */
async function allProfiles(
  raw: unknown,
  { folder, findings, files }: { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles },
): Promise<AllProfiles> {
  const shipped = await (shippedOnce ??= loadProfiles(shippedProfiles));
  const wanted = isMapping(raw) ? raw["profiles"] : undefined;
  if (typeof wanted !== "string") return shipped;
  const { profiles: own, errors, problem } = await loadProfiles(path.resolve(folder, wanted), files);
  if (problem !== undefined)
    findings.push({ path: ["profiles"], at: "value", code: "unreadable-file", message: problem });
  const others = shipped.profiles.filter(({ name }) => !own.some((profile) => profile.name === name));
  return { profiles: [...own, ...others], errors };
}

import { hash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { readFolder } from "../../config/recordings/read.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import {
  fileOfRecording,
  isLineError,
  parseRecording,
  partialSuffix,
  recordingSuffix,
  recordingText,
} from "../../core/recordings/lines.ts";
import type { Recording } from "../../core/recordings/types.ts";
import { actionNamed } from "../actions.ts";
import { parseWords, type Command, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { fromAimock } from "./aimock.ts";
import { fromHar, harOf } from "./har.ts";
import type { Imported } from "./imported.ts";
import { eventLines, recordingTable } from "./text.ts";

const usage = `Shows, removes, imports and exports recordings of real responses.

  stuntdouble recordings list --dir DIR [--json]
  stuntdouble recordings show NAME --dir DIR [--json]
  stuntdouble recordings rm NAME... --dir DIR
  stuntdouble recordings export [NAME...] --dir DIR -o FILE [--force]
  stuntdouble recordings import FILE... --dir DIR [--format har | aimock] [--bodies] [--model MODEL] [--force]

  NAME          as list tells it: of a file, or NAME#2 and so on of those after the first in it; rm takes files
  --dir         folder with the recordings: record.dir, or replay.dir, of a rule
  --json        print JSON instead of text
  -o, --output  file to write an HTTP archive (HAR 1.2) to
  --format      of the files to import; default: what they look like
  --bodies      keep the bodies of requests, with credentials masked
  --model       model of fixtures that name none; default: gpt-4o
  --force       overwrite files that are there

Exit codes: 0 success, 1 a file cannot be read, in whole or in part, or is there already, 2 invalid arguments

Examples
  stuntdouble recordings list --dir recordings
  stuntdouble recordings import session.har --dir recordings
`;

const flagKinds = {
  dir: "string",
  json: "boolean",
  output: "string",
  format: "string",
  bodies: "boolean",
  model: "string",
  force: "boolean",
} as const;

type Flags = ReturnType<typeof parseWords<typeof flagKinds>>["flags"];

type Asked = { readonly flags: Flags; readonly words: readonly string[]; readonly io: Io; readonly dir: string };

const actions: Readonly<Record<string, (asked: Asked) => Promise<number>>> = {
  list,
  show,
  rm: remove,
  export: exportHar,
  import: importFiles,
};

/** `stuntdouble recordings` */
export const recordings: Command = {
  name: "recordings",
  summary: "list, show, import and export recordings",
  usage,
  async run(args, io) {
    const { flags, words } = parseWords(args, flagKinds);
    const [name = "", ...others] = words;
    const action = actionNamed(actions, name);
    if (flags.dir === undefined) throw invalid("--dir DIR is missing.");
    return await action({ flags, words: others, io, dir: path.resolve(io.cwd, flags.dir) });
  },
};

function invalid(message: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", message);
}

/** The recordings of the folder; what is wrong with other files goes to standard error. */
async function readAll({ dir, io }: Asked): Promise<{ readonly found: readonly Recording[]; readonly code: number }> {
  try {
    const { recordings: found, warnings } = await readFolder(dir);
    for (const { file = dir, line, message } of warnings) io.err(`${file}:${line}: ${message}\n`);
    return { found, code: warnings.length > 0 ? exitCodes.failed : exitCodes.good };
  } catch (error) {
    throw invalid(`${dir} cannot be read: ${codeOf(error)}.`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

async function list(asked: Asked): Promise<number> {
  const { found, code } = await readAll(asked);
  const { flags, io } = asked;
  if (flags.json === true) io.out(`${JSON.stringify(found.map(withoutPieces), undefined, 2)}\n`);
  else io.out(recordingTable(found));
  return code;
}

function withoutPieces({ pieces, ...recording }: Recording): object {
  return { ...recording, pieces: pieces.length };
}

async function show(asked: Asked): Promise<number> {
  const [name, ...more] = asked.words;
  if (name === undefined || more.length > 0) throw invalid("expected one NAME, as stuntdouble recordings list tells.");
  const [recording] = await named(asked, [name]);
  if (recording === undefined) return exitCodes.failed;
  asked.io.out(asked.flags.json === true ? `${JSON.stringify(recording, undefined, 2)}\n` : eventLines(recording));
  return exitCodes.good;
}

/** The recordings of these names. @throws CONFIG_INVALID where one of them is not there */
async function named(asked: Asked, names: readonly string[]): Promise<readonly Recording[]> {
  const { found } = await readAll(asked);
  return names.map((name) => {
    const recording = found.find(({ file }) => file === name || file === withSuffix(name));
    if (recording === undefined) throw invalid(`there is no recording ${name} in ${asked.dir}.`);
    return recording;
  });
}

/** The name of a recording whose file is named without its suffix. */
function withSuffix(name: string): string {
  const file = fileOfRecording(name);
  return file + recordingSuffix + name.slice(file.length);
}

async function remove(asked: Asked): Promise<number> {
  if (asked.words.length === 0) throw invalid("expected at least one NAME.");
  const files = await filesNamed(asked);
  for (const file of files) {
    await rm(path.join(asked.dir, file));
    asked.io.out(`removed ${file}\n`);
  }
  return exitCodes.good;
}

/** By their names alone, so that damaged ones, and those that a crash left unfinished, can be removed as well. */
async function filesNamed({ words, dir }: Asked): Promise<string[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    throw invalid(`${dir} cannot be read: ${codeOf(error)}.`);
  });
  const all = new Set(names.filter((name) => name.endsWith(recordingSuffix) || name.endsWith(partialSuffix)));
  return words.map((word) => {
    if (word !== fileOfRecording(word))
      throw invalid(`${word} is in a file with others; rm ${fileOfRecording(word)} removes them all.`);
    const file = [word, word + recordingSuffix].find((name) => all.has(name));
    if (file === undefined) throw invalid(`there is no recording ${word} in ${dir}.`);
    return file;
  });
}

async function exportHar(asked: Asked): Promise<number> {
  const { flags, io, words } = asked;
  if (flags.output === undefined) throw invalid("-o FILE is missing.");
  const all = words.length === 0 ? await readAll(asked) : { found: await named(asked, words), code: exitCodes.good };
  const text = `${JSON.stringify(harOf(all.found, io.version), undefined, 2)}\n`;
  const isWritten = await write(path.resolve(io.cwd, flags.output), text, asked);
  if (isWritten) io.out(`${flags.output}: ${all.found.length} recordings\n`);
  return isWritten ? all.code : 1;
}

/** @returns false where the file is there already, which is told */
async function write(file: string, text: string, { flags, io }: Asked): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: flags.force === true ? "w" : "wx", mode: 0o600 });
    await chmod(file, 0o600);
    return true;
  } catch (error) {
    const reason =
      codeOf(error) === "EEXIST" ? "is there already; --force overwrites it" : `cannot be written (${codeOf(error)})`;
    io.err(`${file}: ${reason}\n`);
    return false;
  }
}

async function importFiles(asked: Asked): Promise<number> {
  const { words, dir, io } = asked;
  if (words.length === 0) throw invalid("expected at least one FILE.");
  await mkdir(dir, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw invalid(`${dir} cannot be made: ${codeOf(error)}.`);
  });
  let code: number = exitCodes.good;
  for (const name of words) {
    const { recordings: found, problems } = await readForeign(name, asked);
    for (const problem of problems) io.err(`${name}: ${problem}\n`);
    let written = 0;
    for (const recording of found) if (await keep(recording, name, asked)) written += 1;
    io.out(`${name}: ${written} recordings\n`);
    if (problems.length > 0 || written < found.length) code = exitCodes.failed;
  }
  return code;
}

/** @returns false where it cannot be kept, which is told */
async function keep(recording: Recording, from: string, asked: Asked): Promise<boolean> {
  const text = recordingText(recording);
  const file = fileName(recording, text);
  const read = parseRecording(file, text);
  if (!isLineError(read)) return await write(path.join(asked.dir, file), text, asked);
  asked.io.err(`${from}: ${read.message}\n`);
  return false;
}

/** The same recording has the same name each time it is imported. */
function fileName({ time }: Recording, text: string): string {
  return `${new Date(time).toISOString().replaceAll(/[-:]/g, "")}-${hash("sha256", text).slice(0, 8)}${recordingSuffix}`;
}

async function readForeign(name: string, { flags, io }: Asked): Promise<Imported> {
  const { format } = flags;
  if (format !== undefined && format !== "har" && format !== "aimock") throw invalid("--format must be har or aimock.");
  let raw: unknown;
  try {
    raw = JSON.parse(await readFile(path.resolve(io.cwd, name), "utf8"));
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? `is not valid JSON: ${error.message}` : `cannot be read (${codeOf(error)})`;
    return { recordings: [], problems: [reason] };
  }
  const options = { bodies: flags.bodies === true, model: flags.model ?? "gpt-4o", nowMs: firstMs };
  const members = typeof raw === "object" && raw !== null ? raw : {};
  if (format === "har" || (format === undefined && "log" in members)) return fromHar(raw, options);
  if (format === "aimock" || "fixtures" in members) return fromAimock(raw, options);
  return { recordings: [], problems: [unknownFormat] };
}

const unknownFormat = "must have a list of fixtures, as files of aimock have, or log.entries, as HTTP archives have";

/** The time of what has none: so that it is the same each time it is imported. */
const firstMs = 0;

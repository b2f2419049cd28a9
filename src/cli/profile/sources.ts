import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { columnNames, type ColumnName, type Columns } from "../../core/fit/sources/csv.ts";
import { readSource, type ReadOptions } from "../../core/fit/sources/read.ts";
import type { Observation, ReadSource } from "../../core/fit/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { recordFilesIn } from "../../emit/records/read.ts";
import { createAdminClient } from "../admin-client.ts";
import type { Io } from "../args.ts";
import { sizesOf } from "../record-files.ts";
import { createProgress } from "../terminal/progress.ts";

/** Errors of one file that are told one by one. */
const maxTold = 10;

/** What was read of all sources. */
export type Read = {
  readonly observations: readonly Observation[];
  readonly notes: readonly string[];
};

/**
 * Reads files as sources of a fit.
 *
 * @throws CONFIG_INVALID with file, line and reason of everything that is wrong
 */
export async function readFiles(files: readonly string[], options: ReadOptions, io: Io): Promise<Read> {
  const read: [file: string, source: ReadSource][] = [];
  const found = (await Promise.all(files.map((each) => filesAt(each, io)))).flat();
  const sizes = await sizesOf(found.map((file) => path.resolve(io.cwd, file)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const progress = createProgress(io, { doing: "reading sources", total, now: Date.now });
  let done = 0;
  for (const [at, file] of found.entries()) {
    read.push([file, readSource(await textOf(file, io), options)]);
    progress.reached((done += sizes[at] ?? 0));
  }
  progress.end();
  const problems = read.flatMap(([file, source]) => problemsOf(file, source));
  if (problems.length > 0) throw new StuntdoubleError("CONFIG_INVALID", problems.join("\n"));
  return {
    observations: read.flatMap(([, source]) => source.observations),
    notes: read.flatMap(([file, source]) => notesOf(file, source)),
  };
}

/** The same of the records that a node keeps in memory. */
export async function readNode(
  flags: { readonly admin?: string; readonly "token-env"?: string },
  options: ReadOptions,
  io: Io,
): Promise<Read> {
  const source = readSource(await createAdminClient(flags, io.env).text("records"), options);
  const problems = problemsOf(flags.admin ?? "the node", source);
  if (problems.length > 0) throw new StuntdoubleError("CONFIG_INVALID", problems.join("\n"));
  return { observations: source.observations, notes: notesOf(flags.admin ?? "the node", source) };
}

function problemsOf(file: string, { problems }: ReadSource): string[] {
  const told = problems.slice(0, maxTold).map(({ line, message }) => `${file}:${line} ${message}`);
  return problems.length > maxTold ? [...told, `${file}: ${problems.length - maxTold} more lines are wrong`] : told;
}

function notesOf(file: string, { skipped, leftOut }: ReadSource): string[] {
  return [
    ...(skipped > 0 ? [`${file}: ${skipped} half-written last line passed over`] : []),
    ...(leftOut > 0
      ? [`${file}: ${leftOut} calls left out: not of the provider, bent by faults, or left by their clients`]
      : []),
  ];
}

/** A folder stands for the files of records in it. */
async function filesAt(place: string, { cwd }: Io): Promise<string[]> {
  const isFolder = await stat(path.resolve(cwd, place)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [place];
  const found = await recordFilesIn([path.resolve(cwd, place)]);
  return found.map((file) => path.join(place, path.basename(file)));
}

async function textOf(file: string, { cwd }: Io): Promise<string> {
  try {
    const bytes = await readFile(path.resolve(cwd, file));
    return new TextDecoder("utf-8", { fatal: true }).decode(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
  } catch (error) {
    const isBinary = error instanceof TypeError;
    const reason = isBinary ? "it is no text in UTF-8" : error instanceof Error ? error.message : String(error);
    throw new StuntdoubleError("CONFIG_INVALID", `could not read ${file}: ${reason}`);
  }
}

/**
 * Reads `ttft=A,itl=B`.
 *
 * @throws CONFIG_INVALID for what no column can hold
 */
export function columnsOf(text: string | undefined): Columns {
  const columns: Partial<Record<ColumnName, string>> = {};
  for (const pair of text === undefined ? [] : text.split(",")) {
    const [name = "", ...header] = pair.split("=");
    const known = columnNames.find((each) => each === name.trim());
    if (known === undefined || header.length === 0)
      throw new StuntdoubleError(
        "CONFIG_INVALID",
        `--columns must be such as ttft=ttft_ms,itl=itl_ms; it knows ${columnNames.join(", ")}, not "${pair}".`,
      );
    columns[known] = header.join("=").trim();
  }
  return columns;
}

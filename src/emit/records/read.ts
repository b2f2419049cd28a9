import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { createGunzip } from "node:zlib";
import { parseRecord } from "../../core/records/parse.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import { wholeRecordFiles } from "./file-names.ts";

/** What is told of files while they are read. */
export type Reading = {
  /** The last line of a file was not written to its end, and is skipped. */
  halfWritten(file: string): void;
};

/**
 * The files of records that a list of files and folders names; those of a folder in the order of time.
 *
 * @throws CONFIG_INVALID for what is not there, and for a folder without any
 */
export async function recordFilesIn(places: readonly string[]): Promise<string[]> {
  const found = await Promise.all(places.map(filesAt));
  return found.flat();
}

async function filesAt(place: string): Promise<string[]> {
  try {
    if (!(await stat(place)).isDirectory()) return [place];
    const names = wholeRecordFiles(await readdir(place));
    if (names.length > 0) return names.map((name) => path.join(place, name));
  } catch (error) {
    throw unreadable(place, error);
  }
  throw new StuntdoubleError("CONFIG_INVALID", `${place}: there are no files of records in this folder.`);
}

/**
 * Reads records, those of one file after those of another; files ending in `.gz` are decompressed.
 *
 * @throws CONFIG_INVALID with file, line and reason at the first line that is no record
 */
export async function* readRecords(files: readonly string[], reading: Reading): AsyncGenerator<TrafficRecord> {
  for (const file of files) yield* readFile(file, reading);
}

/** Chars that a line may have; a record with all its gaps has fewer than 100,000. */
const maxLine = 4 * 1024 * 1024;

async function* readFile(file: string, reading: Reading): AsyncGenerator<TrafficRecord> {
  let rest = "";
  let line = 0;
  for await (const text of textOf(file)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const each of lines) {
      line += 1;
      yield recordIn(each, `${file}:${line}`);
    }
    if (rest.length > maxLine) throw damaged(`${file}:${line + 1}`, "is longer than any record");
  }
  if (rest === "") return;
  const last = parseRecord(rest);
  if (last.ok) yield last.record;
  else if (last.isJson) throw damaged(`${file}:${line + 1}`, last.reason);
  else reading.halfWritten(file);
}

async function* textOf(file: string): AsyncGenerator<string> {
  const raw = createReadStream(file);
  const zipped = file.endsWith(".gz");
  const stream = zipped ? raw.pipe(createGunzip()) : raw;
  if (zipped) raw.on("error", (error) => stream.destroy(error));
  stream.setEncoding("utf8");
  try {
    for await (const text of stream) yield String(text);
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    raw.destroy();
  }
}

function recordIn(line: string, place: string): TrafficRecord {
  const parsed = parseRecord(line);
  if (parsed.ok) return parsed.record;
  throw damaged(place, parsed.reason);
}

function damaged(place: string, reason: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", `${place}: the line ${reason}.`);
}

function unreadable(file: string, error: unknown): StuntdoubleError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StuntdoubleError("CONFIG_INVALID", `${file}: it cannot be read: ${reason}.`);
}

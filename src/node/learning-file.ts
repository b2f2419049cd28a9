import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { stat } from "node:fs/promises";
import type { Learned } from "../core/learning/call.ts";
import { keptLines, readKeptLine } from "../core/learning/kept.ts";
import type { CallsOfModel } from "../core/learning/types.ts";
import type { Log } from "../emit/log.ts";
import { isMissing, reasonOf, replaceFile } from "./kept-file.ts";

/** Keeps what was learned in a file. Whatever goes wrong is a line in the log. */
export type LearningFile = {
  /** Gives `each` what the file holds, the oldest first; lines that are damaged are passed over. */
  read(each: (learned: Learned) => void): Promise<void>;
  /** Has these calls take the place of those in the file. */
  write(models: readonly CallsOfModel[]): Promise<void>;
};

/** Much more than what is kept can take. */
const maxBytes = 1024 * 1024 * 1024;

/** @param file absolute path */
export function createLearningFile(file: string, log: Log): LearningFile {
  let isOurs = true;
  let hasFailed = false;
  return {
    async read(each) {
      try {
        const found = await stat(file);
        if (!found.isFile()) throw new Error("it is not a regular file");
        if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes, more than ${maxBytes}`);
        const skipped = await readLines(file, each);
        if (skipped > 0) log.warn({ file, skipped }, "lines of learning.file are no calls and were skipped");
      } catch (error) {
        if (isMissing(error)) return;
        isOurs = false;
        const about = { file, reason: reasonOf(error) };
        log.error(about, "could not read learning.file; it stays as it is, and what is learned is kept in memory only");
      }
    },
    async write(models) {
      if (!isOurs) return;
      try {
        await replaceFile(file, keptLines(models));
        hasFailed = false;
      } catch (error) {
        const about = { file, reason: reasonOf(error) };
        if (!hasFailed) log.error(about, "could not write learning.file; what is learned is kept in memory only");
        hasFailed = true;
      }
    },
  };
}

/** @returns how many lines were passed over */
async function readLines(file: string, each: (learned: Learned) => void): Promise<number> {
  let skipped = 0;
  for await (const line of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
    const learned = readKeptLine(line);
    if (learned !== undefined) each(learned);
    else if (line.trim() !== "") skipped += 1;
  }
  return skipped;
}

import { copyFile, readFile, stat } from "node:fs/promises";
import { readKeptRun } from "../../core/experiments/kept-run.ts";
import type { Run } from "../../core/experiments/run.ts";
import type { Log } from "../../emit/log.ts";
import { isMissing, reasonOf, replaceFile } from "../kept-file.ts";

/** Keeps the runs of a node in a file, one a line as JSON. Whatever goes wrong is a line in the log. */
export type RunHistory = {
  /** The runs in the file, the oldest first. */
  read(): Promise<readonly Run[]>;
  /** Has these runs take the place of those in the file. */
  keep(runs: readonly Run[]): void;
  /** Resolves when what was last given is in the file, or could not be written. */
  written(): Promise<void>;
};

/** Much more than the runs that are kept can take. */
const maxBytes = 128 * 1024 * 1024;

/** @param file absolute path; where there is none, nothing is kept */
export function createRunHistory(file: string | undefined, log: Log): RunHistory {
  return file === undefined ? withoutFile : new FileHistory(file, log);
}

const withoutFile: RunHistory = {
  read: () => Promise.resolve([]),
  keep: () => undefined,
  written: () => Promise.resolve(),
};

class FileHistory implements RunHistory {
  readonly #file: string;
  readonly #log: Log;
  /** Whether the file may be replaced; one that could not be read is left alone. */
  #isOurs = true;
  #hasDamage = false;
  #failed = false;
  #next: readonly Run[] | undefined = undefined;
  #writing: Promise<void> | undefined = undefined;

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  async read(): Promise<readonly Run[]> {
    const text = await this.#text();
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    const runs = lines.flatMap((line) => readKeptRun(parsed(line)) ?? []);
    const skipped = lines.length - runs.length;
    this.#hasDamage = skipped > 0;
    if (skipped > 0)
      this.#log.warn(
        { file: this.#file, skipped, read: runs.length, copy: damagedName(this.#file) },
        "lines of chaos.historyFile are no runs and were skipped; the file is copied before it is written",
      );
    return runs;
  }

  keep(runs: readonly Run[]): void {
    if (!this.#isOurs) return;
    this.#next = runs;
    this.#writing ??= this.#writeAll();
  }

  async written(): Promise<void> {
    await this.#writing;
  }

  async #text(): Promise<string> {
    try {
      const found = await stat(this.#file);
      if (!found.isFile()) throw new Error("it is not a regular file");
      if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes, more than ${maxBytes}`);
      return await readFile(this.#file, "utf8");
    } catch (error) {
      if (isMissing(error)) return "";
      this.#isOurs = false;
      const about = { file: this.#file, reason: reasonOf(error) };
      this.#log.error(about, "could not read chaos.historyFile; it stays as it is, and runs are kept in memory only");
      return "";
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#next !== undefined) {
      const runs = this.#next;
      this.#next = undefined;
      await this.#write(runs);
    }
    this.#writing = undefined;
  }

  async #write(runs: readonly Run[]): Promise<void> {
    try {
      if (this.#hasDamage) await copyFile(this.#file, damagedName(this.#file));
      this.#hasDamage = false;
      await replaceFile(this.#file, linesOf(runs));
      this.#failed = false;
    } catch (error) {
      const about = { file: this.#file, reason: reasonOf(error) };
      if (!this.#failed) this.#log.error(about, "could not write chaos.historyFile; runs are kept in memory only");
      this.#failed = true;
    }
  }
}

function* linesOf(runs: readonly Run[]): Iterable<string> {
  for (const run of runs) yield JSON.stringify({ ...run, recent: [] });
}

function damagedName(file: string): string {
  return `${file}.damaged`;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

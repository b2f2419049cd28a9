import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { parseRecordings } from "../../../src/core/recordings/lines.ts";
import type { Recording } from "../../../src/core/recordings/types.ts";
import {
  createRecordingWriter,
  type RecordingResult,
  type RecordingWriter,
} from "../../../src/emit/recordings/writer.ts";

/** A folder of its own for the recordings of one test, which is removed at its end. */
export type RecordingFolder = {
  readonly dir: string;
  names(): string[];
  /** The text of all files. */
  text(): string;
  recordings(): Recording[];
};

export function makeFolder(): RecordingFolder {
  const dir = mkdtempSync(path.join(tmpdir(), "stuntdouble-recordings-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const names = (): string[] => readdirSync(dir).sort();
  const read = (name: string): string => readFileSync(path.join(dir, name), "utf8");
  return {
    dir,
    names,
    text: () => names().map(read).join(""),
    recordings: () =>
      names().flatMap((name) => {
        const { recordings, errors } = parseRecordings(name, read(name));
        const [error] = errors;
        if (error !== undefined) throw new Error(`${name}: line ${error.line}: ${error.message}`);
        return recordings;
      }),
  };
}

/** A writer, and what became of its recordings. */
export type WatchedWriter = RecordingWriter & {
  readonly results: readonly RecordingResult[];
  readonly warnings: readonly object[];
};

/** A writer whose clock is the test's: what is written together is what comes before `flushed`. */
export function makeWriter(options: Partial<Parameters<typeof createRecordingWriter>[0]> = {}): WatchedWriter {
  const results: RecordingResult[] = [];
  const warnings: object[] = [];
  const writer = createRecordingWriter({
    log: { warn: (details) => void warnings.push(details) },
    clock: { wake: () => () => undefined },
    ended: (result) => void results.push(result),
    ...options,
  });
  return { ...writer, results, warnings };
}

import { stat } from "node:fs/promises";
import type { TrafficRecord } from "../core/records/types.ts";
import { readRecords, type Reading } from "../emit/records/read.ts";
import type { Io } from "./args.ts";
import { createProgress } from "./terminal/progress.ts";

/** Reads records as `readRecords` does, and tells the progress file by file. */
export async function* readRecordFiles(
  files: readonly string[],
  reading: Reading,
  io: Pick<Io, "err" | "hasErrorTerminal">,
): AsyncGenerator<TrafficRecord> {
  const sizes = await sizesOf(files);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const progress = createProgress(io, { doing: "reading records", total, now: Date.now });
  let done = 0;
  try {
    for (const [at, file] of files.entries()) {
      yield* readRecords([file], reading);
      done += sizes[at] ?? 0;
      progress.reached(done);
    }
  } finally {
    progress.end();
  }
}

/** A file that cannot be read counts as empty here, and is an error when its turn comes. */
export async function sizesOf(files: readonly string[]): Promise<number[]> {
  return await Promise.all(
    files.map(
      async (file) =>
        await stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
    ),
  );
}

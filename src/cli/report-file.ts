import { writeFile } from "node:fs/promises";
import path from "node:path";
import { StuntdoubleError } from "../core/errors.ts";
import type { Io } from "./args.ts";

/**
 * Writes a report into a file, and says so.
 *
 * @throws CONFIG_INVALID when it cannot be written
 */
export async function writeReport(file: string, text: string, { cwd, err }: Io): Promise<void> {
  try {
    await writeFile(path.resolve(cwd, file), text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StuntdoubleError("CONFIG_INVALID", `could not write the report: ${reason}`);
  }
  err(`The report is in ${file}\n`);
}

import path from "node:path";
import type { Io } from "./args.ts";
import { writeOutput } from "./output-file.ts";

/** Where a report goes: `force` lets it take the place of a file that is there. */
export type ReportFile = { readonly output: string; readonly force: boolean | undefined };

/**
 * Writes a report into a file, and says so.
 *
 * @throws CONFIG_INVALID where the file is there already, or cannot be written
 */
export async function writeReport(
  { output, force = false }: ReportFile,
  text: string,
  { cwd, err }: Io,
): Promise<void> {
  await writeOutput(path.resolve(cwd, output), [text], { force });
  err(`The report is in ${output}\n`);
}

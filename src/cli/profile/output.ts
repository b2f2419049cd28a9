import { existsSync } from "node:fs";
import path from "node:path";
import { StuntdoubleError } from "../../core/errors.ts";
import type { Io } from "../args.ts";
import { writeOutput } from "../output-file.ts";

/** Where a text goes, and whether it may replace what is there. */
export type Target = { readonly file: string; readonly force: boolean };

/**
 * Refuses a file that exists, before there is anything to write.
 *
 * @throws CONFIG_INVALID
 */
export function refuseToOverwrite({ file, force }: Target, { cwd }: Io): void {
  if (force || !existsSync(path.resolve(cwd, file))) return;
  throw new StuntdoubleError("CONFIG_INVALID", `${file} exists; --force writes over it.`);
}

/** @throws CONFIG_INVALID where the file cannot be written, or has come to exist */
export async function writeText({ file, force }: Target, text: string, { cwd }: Io): Promise<void> {
  await writeOutput(path.resolve(cwd, file), [text], { force });
}

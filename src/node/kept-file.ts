import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";

const ownerOnly = 0o600;

/**
 * Puts lines in the place of a file: readers see the old file or the new one, never a part.
 *
 * @param lines one or some in each string, without the end of the last; they are written one string at a time, so that the event
 *   loop of this thread is never held up for long
 * @param temporary where they are written first, in the same folder; one of its own where several processes write the file
 * @throws the system's error; the file is then as it was
 */
export async function replaceFile(file: string, lines: Iterable<string>, temporary = `${file}.tmp`): Promise<void> {
  await rm(temporary, { force: true });
  try {
    const handle = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, ownerOnly);
    try {
      for (const line of lines) await handle.appendFile(`${line}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Whether an error says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { access, link, open, rename, rm } from "node:fs/promises";
import { pid } from "node:process";
import { StuntdoubleError } from "../core/errors.ts";

/** Text for a file, piece by piece. */
export type Pieces = AsyncIterable<string> | Iterable<string>;

/**
 * Writes a file whole or not at all.
 *
 * @param file absolute path
 * @param options `force` lets it take the place of a file that is there
 * @throws CONFIG_INVALID where the file is there already, or cannot be written; and what making the text throws
 */
export async function writeOutput(file: string, pieces: Pieces, { force }: { readonly force: boolean }): Promise<void> {
  if (!force && (await exists(file))) throw inTheWay(file);
  const part = `${file}.${pid}.part`;
  const handle = await open(part, "wx").catch((error: unknown) => {
    throw unwritable(file, error);
  });
  try {
    try {
      for await (const piece of pieces) await handle.appendFile(piece);
    } finally {
      await handle.close();
    }
    await (force ? rename(part, file) : publish(part, file));
  } finally {
    await rm(part, { force: true });
  }
}

/** A link, unlike a new name, never takes the place of a file that has come meanwhile. */
async function publish(part: string, file: string): Promise<void> {
  try {
    await link(part, file);
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "EEXIST"
      ? inTheWay(file)
      : unwritable(file, error);
  }
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

function inTheWay(file: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", `${file} is there already; --force overwrites it.`);
}

function unwritable(file: string, error: unknown): StuntdoubleError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StuntdoubleError("CONFIG_INVALID", `could not write ${file}: ${reason}`);
}

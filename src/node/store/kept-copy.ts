import { randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { StoreTree } from "../../config/store/types.ts";
import { isMissing, replaceFile } from "../kept-file.ts";

/** The last configuration of a store that was in force, as it is kept on the disk. */
export type KeptCopy = StoreTree & {
  /** The URL that it comes from, without any secret. */
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly savedAtMs: number;
};

const written = z.object({
  url: z.string(),
  version: z.string().optional(),
  savedAtMs: z.number(),
  files: z.record(z.string(), z.base64()),
});

const ownerOnly = 0o700;

/**
 * Keeps a copy in the place of the one before, readable by the owner of the process only.
 *
 * @throws the system's error; the one before is then as it was
 */
export async function keepCopy(file: string, { url, version, savedAtMs, files }: KeptCopy): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: ownerOnly });
  const base64 = [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]);
  const text = JSON.stringify({ url, version, savedAtMs, files: Object.fromEntries(base64) });
  // Nodes on one machine may keep the same change at the same moment.
  await replaceFile(file, [text], `${file}.${randomBytes(6).toString("hex")}.tmp`);
}

/**
 * Reads the copy of a URL.
 *
 * @returns undefined where there is none
 * @throws the system's error, or one that says that the file is damaged
 */
export async function readCopy(file: string, url: string): Promise<KeptCopy | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const copy = parsed(text);
  if (copy === undefined || copy.url !== url) throw new Error(`${file} is damaged`);
  const { version, savedAtMs } = copy;
  const files = new Map(Object.entries(copy.files).map(([name, base64]) => [name, Buffer.from(base64, "base64")]));
  return { url, version, savedAtMs, files };
}

function parsed(text: string): z.output<typeof written> | undefined {
  try {
    return written.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

import { hash } from "node:crypto";
import { hashDigits, loadConfig, type Loaded, type Reading } from "../load.ts";
import type { ConfigError } from "../places.ts";
import type { StoreAddress } from "./address.ts";

type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Reads a configuration as a store has it, and finds all its errors in one go.
 *
 * Relative names of what is read start beside the main file in the store, those of what is written in `outputFolder`.
 *
 * @param files by their names below the folder of the configuration
 * @returns errors with the names of the keys; a key that nothing reads is a warning
 */
export async function loadFromStore(
  files: Files,
  address: Pick<StoreAddress, "main" | "folder" | "isTree">,
  reading: Reading & { readonly outputFolder: string },
): Promise<Loaded> {
  const { main, folder } = address;
  if (!files.has(main)) return { ok: false, errors: [noSuchKey(files, address)], warnings: [], files: [] };
  // A path that no file of the disk has; what is shown is the URL.
  const root = `/${folder.replace("//", "")}`;
  const used = new Set<string>();
  const tree = { root, files, used: (name: string): void => void used.add(name) };
  const loaded = await loadConfig(`${root}/${main}`, { ...reading, tree });
  const shown = (errors: readonly ConfigError[]): ConfigError[] =>
    errors.map((error) => ({
      ...error,
      ...(error.file !== undefined && { file: error.file.replace(root, folder) }),
      message: error.message.replaceAll(root, folder),
    }));
  if (!loaded.ok) return { ...loaded, errors: shown(loaded.errors), warnings: shown(loaded.warnings) };
  const unused = [...files.keys()].filter((name) => !used.has(name)).map((name) => unusedFile(`${folder}/${name}`));
  const read = new Map([...files].filter(([name]) => used.has(name)));
  const digest = read.size === 1 ? {} : { hash: digestOf(read).slice(0, hashDigits) };
  const settings = { ...loaded.settings, ...digest };
  return { ...loaded, settings, warnings: [...shown(loaded.warnings), ...unused] };
}

function noSuchKey(files: Files, { isTree }: Pick<StoreAddress, "isTree">): ConfigError {
  const hint = isTree ? "" : "; where it is a tree, its path ends with /";
  const keys = [...files.keys()].slice(0, maxKeysNamed);
  const message =
    keys.length > 0
      ? `there is no such key, only ${keys.join(", ")}; file=NAME tells another main file`
      : `there is no such key, or the token may not read it${hint}`;
  return { line: 1, column: 1, path: "", code: "unreadable-file", message };
}

const maxKeysNamed = 5;

function unusedFile(file: string): ConfigError {
  return { file, line: 1, column: 1, path: "", code: "unused-file", message: "the configuration does not name it" };
}

/** SHA-256 of all files, the same whatever their order. */
export function digestOf(files: Files): string {
  const sorted = [...files].sort(([one], [other]) => (one < other ? -1 : 1));
  return hash("sha256", sorted.map(([name, bytes]) => `${name}\0${hash("sha256", bytes)}\n`).join(""));
}

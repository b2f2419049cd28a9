import { readdirSync, statSync } from "node:fs";
import { recordingSuffix } from "../../core/recordings/lines.ts";
import { disk, type FileReader } from "./reader.ts";
import { readerOf, type FileTree } from "./tree.ts";

/** A file or a folder that a configuration was read from, as it was then. */
export type ReadFile = { readonly path: string; readonly identity: string };

/** Whether a file of a folder that a configuration names may be read: a profile, a file of fixtures, or a recording. */
export function isWatchedFile(name: string): boolean {
  return isProfileFile(name) || name.endsWith(".json") || name.endsWith(recordingSuffix);
}

/** Whether a file of a folder with profiles is one. */
export function isProfileFile(name: string): boolean {
  return name.endsWith(".yaml") || name.endsWith(".yml");
}

/**
 * A text that changes whenever a file is written or another one takes its place, seen through all links.
 *
 * That of a folder changes with the names of the profiles, fixtures and recordings in it.
 *
 * @returns `none` while there is no such file
 */
export function identityOf(path: string): string {
  try {
    const stats = statSync(path, { bigint: true });
    if (stats.isDirectory())
      return `${stats.dev}:${stats.ino}:${readdirSync(path).filter(isWatchedFile).sort().join("/")}`;
    return `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
  } catch {
    return "none";
  }
}

/** Reads the files of a configuration, and notes which of them can change on the disk. */
export type ReadFiles = FileReader & {
  /** To be called before the file is read, so that what is written meanwhile is seen as a change. */
  note(path: string): void;
  list(): ReadFile[];
};

/**
 * Makes an empty list of files.
 *
 * @param tree what is found below its root, and not on the disk
 */
export function createReadFiles(tree?: FileTree): ReadFiles {
  const files = new Map<string, ReadFile>();
  const inTree = tree === undefined ? undefined : readerOf(tree);
  const readerFor = (path: string): FileReader => (inTree?.holds(path) === true ? inTree : disk);
  return {
    note(path) {
      if (!files.has(path) && inTree?.holds(path) !== true) files.set(path, { path, identity: identityOf(path) });
    },
    list: () => [...files.values()],
    read: (path) => readerFor(path).read(path),
    names: (path) => readerFor(path).names(path),
    size: (path) => readerFor(path).size(path),
    isFolder: (path) => readerFor(path).isFolder(path),
  };
}

import path from "node:path";
import type { FileReader } from "./reader.ts";

/** Files that stand in no folder of the disk, such as those of a configuration store. */
export type FileTree = {
  /** The absolute path that stands for their folder. */
  readonly root: string;
  /** What each holds, by its path below the root, such as `profiles/mine.yaml`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Gets the path of each file that is read. */
  readonly used: (name: string) => void;
};

/** Reads the files of a tree; `holds` says whether a path belongs to it. */
export function readerOf({ root, files, used }: FileTree): FileReader & { holds(path: string): boolean } {
  const nameOf = (full: string): string => path.relative(root, full);
  const fileAt = (full: string): Uint8Array => {
    const found = files.get(nameOf(full));
    if (found === undefined) throw missing(full);
    return found;
  };
  const namesIn = (full: string): string[] => {
    const folder = full === root ? "" : `${nameOf(full)}/`;
    const below = [...files.keys()].filter((name) => name.startsWith(folder));
    return [...new Set(below.map((name) => name.slice(folder.length).split("/", 1).join("")))];
  };
  return {
    holds: (full) => full === root || full.startsWith(`${root}/`),
    async read(full) {
      used(nameOf(full));
      return fileAt(full);
    },
    async names(full) {
      const names = namesIn(full);
      if (names.length === 0) throw missing(full);
      return names;
    },
    size: async (full) => fileAt(full).length,
    async isFolder(full) {
      if (files.has(nameOf(full))) return false;
      if (namesIn(full).length === 0) throw missing(full);
      return true;
    },
  };
}

function missing(full: string): Error {
  return Object.assign(new Error(`${full}: no such file`), { code: "ENOENT" });
}

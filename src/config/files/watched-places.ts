import { lstatSync, readlinkSync, statSync } from "node:fs";
import path from "node:path";
import { isWatchedFile } from "./identity.ts";

/** A folder in which something may happen to the files of a configuration. */
export type WatchedFolder = {
  readonly path: string;
  /** Whether an event with this file name may be about one of them. */
  concerns(name: string): boolean;
};

/** As many as Linux follows. */
const maxLinks = 40;

/**
 * The folders in which the files stand, and each link on the way to them.
 *
 * @param files absolute paths
 * @returns by a key that is another one when another folder takes the place of one
 */
export function placesOf(files: readonly string[]): Map<string, WatchedFolder> {
  const namesIn = new Map<string, Set<string>>();
  const namedFolders = new Set<string>();
  const add = (folder: string, name: string): void => {
    const names = namesIn.get(folder) ?? new Set<string>();
    namesIn.set(folder, names.add(name));
  };
  for (const file of files) {
    const end = follow(file, add);
    if (end !== undefined && tried(() => statSync(end))?.isDirectory() === true) {
      namedFolders.add(end);
      add(end, "");
    }
  }
  const places = new Map<string, WatchedFolder>();
  for (const [folder, names] of namesIn) {
    // What happens to a folder itself is told with the folder's own name.
    names.add(path.basename(folder));
    const isNamed = namedFolders.has(folder);
    const concerns = (name: string): boolean => names.has(name) || (isNamed && isWatchedFile(name));
    places.set(`${folder} ${inodeOf(folder)}`, { path: folder, concerns });
  }
  return places;
}

/**
 * Goes along a path as the system does, link by link.
 *
 * @param seen gets the folder and the name of each link, of what is missing, and of the end
 * @returns the end, free of links; undefined where something is missing
 */
function follow(file: string, seen: (folder: string, name: string) => void): string | undefined {
  let at = path.parse(file).root;
  let rest = file.split(path.sep);
  let links = 0;
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      at = path.dirname(at);
      continue;
    }
    const full = path.join(at, name);
    const target = tried(() => readlinkSync(full));
    const isThere = target !== undefined || tried(() => lstatSync(full)) !== undefined;
    if (target !== undefined || !isThere || rest.length === 0) seen(at, name);
    if (!isThere || links === maxLinks) return undefined;
    if (target === undefined) at = full;
    else {
      links += 1;
      if (path.isAbsolute(target)) at = path.parse(target).root;
      rest = [...target.split(path.sep), ...rest];
    }
  }
  return at;
}

/** Undefined where there is nothing, or nothing that we may see. */
function tried<Value>(ask: () => Value): Value | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function inodeOf(folder: string): string {
  const stats = tried(() => statSync(folder));
  return stats === undefined ? "none" : `${stats.dev}:${stats.ino}`;
}

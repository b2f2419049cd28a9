import { watch } from "node:fs";
import { identityOf, type ReadFile } from "./identity.ts";
import { placesOf, type WatchedFolder } from "./watched-places.ts";

/** How to watch files. */
export type WatchOptions = {
  /** `wake` runs a task later; the call it gives back cancels it. */
  readonly clock: { now(): number; wake(delayMs: number, task: () => void): () => void };
  /** A burst of changes ends when nothing has happened for so long … */
  readonly settleMs: number;
  /** … or when it has lasted for so long. */
  readonly maxSettleMs: number;
  /** All files are compared so often with what they were, for changes of which the system tells nothing. */
  readonly compareMs: number;
  /** A file is another one than before, or gone. */
  readonly changed: () => void;
};

/** A watch over files. */
export type FileWatch = {
  /** Watches these files from here on; one that is no longer as it was read has changed. */
  watch(files: readonly ReadFile[]): void;
  stop(): void;
};

/**
 * Calls `changed` after one of the files was written, replaced, removed, or swapped by a link, once for each burst of changes.
 *
 * The folders of the files, and of all links on their paths, are watched, because editors and Kubernetes put a new file or
 * link in the old one's place. What happens to other files of these folders is passed over. Bind mounts and network file
 * systems tell nothing of a change made elsewhere, so all files are compared now and then as well.
 *
 * @returns watches nothing before the first `watch`
 */
export function createFileWatch({ clock, settleMs, maxSettleMs, compareMs, changed }: WatchOptions): FileWatch {
  let known = new Map<string, string>();
  let burst: { readonly endMs: number; cancel(): void } | undefined;
  let cancelCompare: (() => void) | undefined;
  let isStopped = false;

  const settled = (): void => {
    burst = undefined;
    const before = known;
    known = new Map([...before.keys()].map((path) => [path, identityOf(path)]));
    folders.watch([...known.keys()]);
    if ([...known].some(([path, identity]) => before.get(path) !== identity)) changed();
  };
  const touched = (): void => {
    const nowMs = clock.now();
    const endMs = burst?.endMs ?? nowMs + maxSettleMs;
    burst?.cancel();
    burst = { endMs, cancel: clock.wake(Math.max(0, Math.min(settleMs, endMs - nowMs)), settled) };
  };
  const folders = createFolderWatch(touched);
  const compare = (): void => {
    folders.watch([...known.keys()]);
    const isChanged = [...known].some(([path, identity]) => identityOf(path) !== identity);
    if (burst === undefined && isChanged) touched();
    cancelCompare = clock.wake(compareMs, compare);
  };
  return {
    watch(files) {
      if (isStopped) return;
      known = new Map(files.map(({ path, identity }) => [path, identity]));
      cancelCompare?.();
      compare();
    },
    stop() {
      isStopped = true;
      burst?.cancel();
      cancelCompare?.();
      folders.close();
    },
  };
}

type Watcher = { readonly folder: WatchedFolder; close(): void };

/** The folders of some files, and of the links on their paths. */
type FolderWatch = {
  /** Watches the folders that these files stand in at present, and no others. */
  watch(files: readonly string[]): void;
  close(): void;
};

/** Calls `touched` for each event in a folder that may be about one of the files. */
function createFolderWatch(touched: () => void): FolderWatch {
  const watchers = new Map<string, Watcher>();
  const open = (key: string, { path }: WatchedFolder): (() => void) | undefined => {
    try {
      const watcher = watch(path, { persistent: false }, (_event, name) => {
        if (name === null || watchers.get(key)?.folder.concerns(name) === true) touched();
      });
      watcher.on("error", () => {
        watcher.close();
        watchers.delete(key);
      });
      return () => watcher.close();
    } catch {
      // Gone meanwhile, or the system has no more watches to give: what happens there is seen when files are compared.
      return undefined;
    }
  };
  const closeAllBut = (wanted: ReadonlyMap<string, WatchedFolder>): void => {
    for (const [key, { close }] of watchers) {
      if (wanted.has(key)) continue;
      close();
      watchers.delete(key);
    }
  };
  return {
    watch(files) {
      const wanted = placesOf(files);
      closeAllBut(wanted);
      for (const [key, folder] of wanted) {
        const close = watchers.get(key)?.close ?? open(key, folder);
        if (close !== undefined) watchers.set(key, { folder, close });
      }
    },
    close: () => closeAllBut(new Map()),
  };
}

import { statSync, watch } from "node:fs";
import path from "node:path";

/** Runs a task later; the call it gives back cancels it. */
type Wake = (delayMs: number, task: () => void) => () => void;

/** How to watch a file. */
export type WatchOptions = {
  readonly wake: Wake;
  /** A burst of changes ends when nothing has happened for so long. */
  readonly settleMs: number;
  /** The file is another one than before, or gone. */
  readonly changed: () => void;
};

/**
 * Calls `changed` after a file was written, replaced, removed, or swapped by a link, once for each burst of changes.
 *
 * The folder is watched, because editors and Kubernetes put a new file in the old one's place; what happens to other files
 * of the folder is passed over.
 *
 * @returns stops watching
 */
export function watchFile(file: string, { wake, settleMs, changed }: WatchOptions): () => void {
  const full = path.resolve(file);
  let known = identityOf(full);
  let cancel: (() => void) | undefined;
  const settled = (): void => {
    const now = identityOf(full);
    if (now === known) return;
    known = now;
    changed();
  };
  const watcher = watch(path.dirname(full), { persistent: false }, () => {
    cancel?.();
    cancel = wake(settleMs, settled);
  });
  return () => {
    cancel?.();
    watcher.close();
  };
}

/** Changes whenever the file is written or another one takes its place; the same while there is none. */
function identityOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? "none" : `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
}

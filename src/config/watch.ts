import { watch } from "node:fs";
import path from "node:path";

/** Runs a task later; the call it gives back cancels it. */
type Wake = (delayMs: number, task: () => void) => () => void;

/**
 * Calls `changed` after a file was written, replaced, or swapped by a link, once for each burst of changes.
 *
 * The folder is watched, because editors and Kubernetes put a new file in the old one's place.
 *
 * @returns stops watching
 */
export function watchFile(file: string, options: { wake: Wake; settleMs: number; changed: () => void }): () => void {
  let cancel: (() => void) | undefined;
  const watcher = watch(path.dirname(path.resolve(file)), { persistent: false }, () => {
    cancel?.();
    cancel = options.wake(options.settleMs, options.changed);
  });
  return () => {
    cancel?.();
    watcher.close();
  };
}

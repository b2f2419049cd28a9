import { digestOf } from "./load.ts";
import type { Store, StoreTree } from "./types.ts";

/** How a store is followed. */
export type FollowOptions = {
  readonly store: Store;
  /** What was read last; undefined where the store could not be read. */
  readonly known: StoreTree | undefined;
  /** `wake` runs a task later; the call it gives back cancels it. */
  readonly clock: { wake(delayMs: number, task: () => void): () => void };
  /** From 0 to below 1. */
  random(): number;
  /** The files are others than before. The next question waits for its end. */
  changed(tree: StoreTree): Promise<void>;
  /** The store gave an answer, with files that are the same as before or not. */
  reached(tree: StoreTree): void;
  /** The store gave none, and why. */
  lost(reason: unknown): void;
};

/** Keys that are written one after the other are one change when no more than this lies between them … */
const settleMs = 100;
/** … and when all of them are written in this time. */
const maxSettleReads = 10;
/** The first wait after a failure, and the longest; each is drawn from its upper half, so that nodes do not come all at once. */
const firstBackoffMs = 250;
const maxBackoffMs = 30_000;

/**
 * Follows the changes of a configuration in a store until the signal ends it.
 *
 * Whatever a store answers, it is asked no more than ten times a second.
 */
export async function followStore(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { store, known, changed, reached, lost } = options;
  let version = known?.version;
  let digest = known === undefined ? undefined : digestOf(known.files);
  let failures = 0;
  while (!signal.aborted) {
    try {
      const read = await store.read(version, signal);
      failures = 0;
      reached(read);
      const tree = digestOf(read.files) === digest ? read : await settled(read, options, signal);
      version = tree.version;
      const now = digestOf(tree.files);
      if (now !== digest) {
        digest = now;
        await changed(tree);
      }
      await wait(settleMs, options, signal);
    } catch (error) {
      if (signal.aborted) return;
      lost(error);
      await wait(backoffMs((failures += 1), options.random()), options, signal);
    }
  }
}

/** The wait after so many failures in a row. */
export function backoffMs(failures: number, random: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (failures - 1));
  return ceiling * (0.5 + random / 2);
}

/** What a store has once nothing more is written. */
async function settled(first: StoreTree, options: FollowOptions, signal: AbortSignal): Promise<StoreTree> {
  let tree = first;
  for (let reads = 0; reads < maxSettleReads; reads += 1) {
    await wait(settleMs, options, signal);
    const next = await options.store.read(undefined, signal);
    const isQuiet = digestOf(next.files) === digestOf(tree.files);
    tree = next;
    if (isQuiet) break;
  }
  return tree;
}

function wait(delayMs: number, { clock }: FollowOptions, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.wake(delayMs, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });
}

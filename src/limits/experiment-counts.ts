import { maxExperiments } from "../core/experiments/definition.ts";
import type { ExperimentCounts } from "../core/experiments/layer.ts";

/** Words of a slot before those of the event loops: calls affected in all, and now. */
const at = { total: 0, now: 1, loops: 2 } as const;

/** The first word of the memory: 1 while nothing may be injected. */
const stoppedWord = 0;
const firstSlot = 1;

/** The counts of one event loop, and the kill switch of its node. */
export type LoopCounts = ExperimentCounts & {
  /** Whether no fault may act. */
  stopped(): boolean;
};

/** The counts as the main thread sees them. */
export type NodeCounts = {
  stop(): void;
  resume(): void;
  stopped(): boolean;
  /** Calls of a slot that were affected so far, and those that are under way. */
  read(slot: number): { readonly affected: number; readonly concurrent: number };
  /** Sets the calls that were affected so far to none, for another experiment. */
  clear(slot: number): void;
};

/**
 * Allocates the counts of a node.
 *
 * @param loops how many event loops it has
 */
export function createExperimentMemory(loops: number): SharedArrayBuffer {
  return new SharedArrayBuffer((firstSlot + maxExperiments * slotWords(loops)) * Int32Array.BYTES_PER_ELEMENT);
}

function slotWords(loops: number): number {
  return at.loops + loops;
}

/**
 * The counts as one event loop keeps them; limits hold over all of them.
 *
 * @param memory from `createExperimentMemory`
 * @param place how many event loops there are, and which one it is, from 0
 */
export function createLoopCounts(
  memory: SharedArrayBuffer,
  { loops, worker }: { readonly loops: number; readonly worker: number },
): LoopCounts {
  const words = new Int32Array(memory);
  const place = (slot: number): number => firstSlot + slot * slotWords(loops);
  return {
    stopped: () => Atomics.load(words, stoppedWord) === 1,
    take(slot, { maxCalls, maxConcurrent }) {
      const base = place(slot);
      if (!addBelow(words, base + at.total, maxCalls)) return false;
      if (addBelow(words, base + at.now, maxConcurrent)) {
        Atomics.add(words, base + at.loops + worker, 1);
        return true;
      }
      Atomics.sub(words, base + at.total, 1);
      return false;
    },
    release(slot) {
      const base = place(slot);
      Atomics.sub(words, base + at.loops + worker, 1);
      Atomics.sub(words, base + at.now, 1);
    },
  };
}

/** The counts as the main thread keeps them. */
export function createNodeCounts(memory: SharedArrayBuffer, loops: number): NodeCounts {
  const words = new Int32Array(memory);
  const place = (slot: number): number => firstSlot + slot * slotWords(loops);
  return {
    stop: () => void Atomics.store(words, stoppedWord, 1),
    resume: () => void Atomics.store(words, stoppedWord, 0),
    stopped: () => Atomics.load(words, stoppedWord) === 1,
    read: (slot) => ({
      affected: Atomics.load(words, place(slot) + at.total),
      concurrent: Atomics.load(words, place(slot) + at.now),
    }),
    clear: (slot) => void Atomics.store(words, place(slot) + at.total, 0),
  };
}

/** Takes back the calls of a dead event loop, which have ended with it. */
export function returnExperimentsOf(memory: SharedArrayBuffer, loops: number, worker: number): void {
  const words = new Int32Array(memory);
  for (let slot = 0; slot < maxExperiments; slot += 1) {
    const base = firstSlot + slot * slotWords(loops);
    const held = Atomics.exchange(words, base + at.loops + worker, 0);
    Atomics.sub(words, base + at.now, held);
  }
}

/** Adds one unless the limit is reached. */
function addBelow(words: Int32Array, index: number, limit: number | undefined): boolean {
  if (limit === undefined) {
    Atomics.add(words, index, 1);
    return true;
  }
  for (;;) {
    const before = Atomics.load(words, index);
    if (before >= limit) return false;
    if (Atomics.compareExchange(words, index, before, before + 1) === before) return true;
  }
}

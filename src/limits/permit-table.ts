import { StuntdoubleError } from "../core/errors.ts";
import { acquire, release } from "./shared-lock.ts";

// Words of the shared memory. The first is alone on its cache line: every call of every thread changes it.
const gateWord = 0;
const maxWord = 16;
const queueWord = 17;
const slotsWord = 18;
const timeoutsWord = 19;
const refusedWord = 20;
const lockWord = 32;
const headWord = 33;
const tailWord = 34;
const freeWord = 35;
const waitingWord = 36;
const ticketWord = 37;
const headerWords = 48;

// One slot per worker, each on a cache line of its own.
const slotWords = 16;
const heldField = 0;
const wakeField = 1;
const grantedHeadField = 2;
const grantedTailField = 3;

// One node per waiter. Links are the position of the other node's first word; 0 is none.
const nodeWords = 5;
const stateField = 0;
const slotField = 1;
const ticketField = 2;
const previousField = 3;
const nextField = 4;

const free = 0;
const waiting = 1;
const granted = 2;

const largestMax = 2 ** 30 - 1;

/** One worker's view of the permits and the queue that all threads of a node share. */
export type PermitTable = {
  readonly words: Int32Array;
  /** Where `Atomics.waitAsync` can watch for grants to this worker. */
  readonly wakeIndex: number;
  /** Takes a permit without a lock; false when none is free or someone waits. */
  tryTake(): boolean;
  /** Gives back one permit of this worker. Returns own waiters that got one by it. */
  giveBack(): readonly number[];
  /** Joins the queue. Returns the place, and own waiters that got a permit meanwhile; undefined when it is full. */
  join(): { node: number; grants: readonly number[] } | undefined;
  /** Leaves the queue; false when a permit has been granted already. */
  leave(node: number): boolean;
  /** Own waiters that got a permit from other workers. */
  collect(): readonly number[];
  /** Sets the limit. Returns own waiters that got a permit by it. */
  setMax(max: number): readonly number[];
  /** Takes back everything a dead worker had. Returns own waiters that got a permit by it. */
  returnAllOf(worker: number): readonly number[];
  countTimeout(): void;
  read(): { max: number; inFlight: number; waiting: number; timeouts: number; refused: number };
};

/**
 * Allocates the permits of one node and the places of its queue.
 *
 * @param max     permits, 1 or more
 * @param queue   calls that may wait, 0 or more
 * @param workers event loops of the node; the thread that supervises them may use number `workers` itself
 * @throws CONFIG_INVALID for numbers out of range
 */
export function createPermitMemory(options: { max: number; queue: number; workers: number }): SharedArrayBuffer {
  const { max, queue, workers } = options;
  check("permits.max", max, 1);
  check("permits.queue", queue, 0);
  check("workers", workers, 1);
  const slots = workers + 1;
  // Twice the queue: a place is in use until the worker it belongs to has picked up its grant.
  const memory = new SharedArrayBuffer(4 * (headerWords + slots * slotWords + 2 * queue * nodeWords));
  const words = new Int32Array(memory);
  words[maxWord] = max;
  words[queueWord] = queue;
  words[slotsWord] = slots;
  createNodes(words).rebuild();
  return memory;
}

/**
 * Opens the permits of a node for one worker.
 *
 * FIFO over all threads: waiters stand in one list under a lock, and bit 0 of the gate says that somebody waits, so the
 * lock-free way in closes in the same atomic step that lets a release see the waiter.
 *
 * @param worker 0 to the number of workers
 * @throws CONFIG_INVALID for a worker the memory has no room for
 */
export function openPermitTable(memory: SharedArrayBuffer, worker: number): PermitTable {
  const words = new Int32Array(memory);
  check("worker", worker, 0, read(words, slotsWord) - 1);
  const nodes = createNodes(words);
  const mine = slotAt(worker);
  const none: readonly number[] = [];

  function locked<T>(task: () => T, dead = 0): T {
    acquire(words, lockWord, worker + 1, dead);
    try {
      return task();
    } finally {
      release(words, lockWord);
    }
  }

  /** Needs the lock. */
  function grantWhileFree(): readonly number[] {
    let grants = none as number[];
    for (let node = read(words, headWord); node !== 0; node = read(words, headWord)) {
      if (Atomics.load(words, gateWord) >>> 1 >= Atomics.load(words, maxWord)) return grants;
      const slot = read(words, node + slotField);
      // A thread can be ended at a loop or a call of a function, not between these three.
      Atomics.add(words, gateWord, 2);
      Atomics.add(words, slot + heldField, 1);
      words[node + stateField] = granted;
      nodes.unlink(node);
      if (slot === mine) {
        nodes.discard(node);
        if (grants === none) grants = [];
        grants.push(node);
      } else {
        nodes.handOver(node);
        nodes.wake(slot);
      }
    }
    Atomics.and(words, gateWord, ~1);
    return grants;
  }

  return {
    words,
    wakeIndex: mine + wakeField,
    tryTake() {
      let gate = Atomics.load(words, gateWord);
      while ((gate & 1) === 0 && gate >>> 1 < Atomics.load(words, maxWord)) {
        const found = Atomics.compareExchange(words, gateWord, gate, gate + 2);
        if (found === gate) {
          Atomics.add(words, mine + heldField, 1);
          return true;
        }
        gate = found;
      }
      return false;
    },
    giveBack() {
      Atomics.sub(words, mine + heldField, 1);
      const gate = Atomics.sub(words, gateWord, 2);
      return (gate & 1) === 0 ? none : locked(grantWhileFree);
    },
    join() {
      return locked(() => {
        const node = read(words, freeWord);
        if (read(words, waitingWord) >= read(words, queueWord) || node === 0) {
          Atomics.add(words, refusedWord, 1);
          return undefined;
        }
        nodes.append(node, mine);
        // From here on a release sees the waiter; one that came before is seen by the look at the gate that follows.
        Atomics.or(words, gateWord, 1);
        return { node, grants: grantWhileFree() };
      });
    },
    leave(node) {
      return locked(() => {
        if (read(words, node + stateField) !== waiting) return false;
        nodes.unlink(node);
        nodes.discard(node);
        if (read(words, headWord) === 0) Atomics.and(words, gateWord, ~1);
        return true;
      });
    },
    collect() {
      if (Atomics.load(words, mine + grantedHeadField) === 0) return none;
      return locked(() => nodes.collect(mine));
    },
    setMax(max) {
      check("permits.max", max, 1);
      Atomics.store(words, maxWord, max);
      return locked(grantWhileFree);
    },
    returnAllOf(dead) {
      check("worker", dead, 0, read(words, slotsWord) - 1);
      return locked(() => {
        nodes.discardAllOf(slotAt(dead));
        const held = Atomics.exchange(words, slotAt(dead) + heldField, 0);
        Atomics.sub(words, gateWord, 2 * held);
        nodes.rebuild();
        return grantWhileFree();
      }, dead + 1);
    },
    countTimeout: () => void Atomics.add(words, timeoutsWord, 1),
    read: () => ({
      max: Atomics.load(words, maxWord),
      inFlight: Atomics.load(words, gateWord) >>> 1,
      waiting: Atomics.load(words, waitingWord),
      timeouts: Atomics.load(words, timeoutsWord) >>> 0,
      refused: Atomics.load(words, refusedWord) >>> 0,
    }),
  };
}

import { StuntdoubleError } from "../core/errors.ts";
import { abandon, append, at, collect, discard, handOver, inNode, inSlot } from "./permit-nodes.ts";
import { rebuild, slotAt, state, unlink, wordsFor } from "./permit-nodes.ts";
import { acquire, release } from "./shared-lock.ts";

const largestMax = 2 ** 29;
const none: readonly number[] = [];

/** How often `setMax` naps at the lock before it says that it could not have it. */
const setMaxNaps = 20;

/** Grants that other threads have not noticed yet, beyond which a call may be refused although the queue has room. */
const mostGrantsUnderWay = 65_536;

/**
 * Allocates the permits of one node and the places of its queue.
 *
 * @param options `max` permits, 1 to 2^29; `queue` calls that may wait, 0 to 2^20; `workers` event loops of the node
 * @returns memory for the workers 0 to `workers` − 1, and for `workers`, the thread that supervises them
 * @throws CONFIG_INVALID for numbers out of range
 */
export function createPermitMemory(options: { max: number; queue: number; workers: number }): SharedArrayBuffer {
  const { max, queue, workers } = options;
  checkInteger("permits.max", max, 1, largestMax);
  checkInteger("permits.queue", queue, 0, 2 ** 20);
  checkInteger("workers", workers, 1, 1024);
  // A node stays in use until its worker has picked up the grant, so there are more than may wait: one for each permit.
  const places = 2 * queue + Math.min(max, mostGrantsUnderWay);
  const memory = new SharedArrayBuffer(wordsFor(workers + 1, places) * Int32Array.BYTES_PER_ELEMENT);
  const words = new Int32Array(memory);
  words[at.max] = max;
  words[at.queue] = queue;
  words[at.slots] = workers + 1;
  rebuild(words);
  return memory;
}

/**
 * One worker's view of the permits and the queue that all threads of a node share.
 *
 * First come, first served over all threads: waiters stand in one list under a lock, and bit 0 of the gate says that
 * somebody waits, so that the way in without a lock closes in the same step in which a release begins to see the waiter.
 *
 * A waiter is known by its node. Own nodes that were granted a permit are returned by the very call that freed the
 * permit; grants made by other workers are found with `collect`.
 */
export class PermitTable {
  readonly words: Int32Array;
  /** The word that changes with each grant another worker makes to this one. */
  readonly wakeIndex: number;
  readonly #slot: number;
  readonly #owner: number;

  /** @throws CONFIG_INVALID for a worker the memory has no room for */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.words = new Int32Array(memory);
    this.#checkWorker(worker);
    this.#slot = slotAt(worker);
    this.#owner = worker + 1;
    this.wakeIndex = this.#slot + inSlot.wake;
  }

  /** Takes a permit without a lock; false when none is free or somebody waits. */
  tryTake(): boolean {
    const { words } = this;
    let gate = Atomics.load(words, at.gate);
    while ((gate & 1) === 0 && gate >>> 1 < Atomics.load(words, at.max)) {
      const found = Atomics.compareExchange(words, at.gate, gate, gate + 2);
      if (found === gate) {
        Atomics.add(words, this.#slot + inSlot.held, 1);
        return true;
      }
      gate = found;
    }
    return false;
  }

  /** Gives one permit back and serves the queue. */
  giveBack(): readonly number[] {
    Atomics.sub(this.words, this.#slot + inSlot.held, 1);
    const gate = Atomics.sub(this.words, at.gate, 2);
    return (gate & 1) === 0 ? none : this.#locked(() => this.#grant());
  }

  /** Joins the queue; undefined when it is full. */
  join(): { readonly node: number; readonly granted: readonly number[] } | undefined {
    const { words } = this;
    return this.#locked(() => {
      const node = words[at.free] ?? 0;
      if (node === 0 || (words[at.waiting] ?? 0) >= (words[at.queue] ?? 0)) {
        Atomics.add(words, at.refused, 1);
        return undefined;
      }
      append(words, node, this.#slot);
      // From here on a release sees the waiter; a release before this is seen by the grant that follows.
      Atomics.or(words, at.gate, 1);
      return { node, granted: this.#grant() };
    });
  }

  /** Leaves the queue; false when a permit has been granted already. */
  leave(node: number): boolean {
    const { words } = this;
    return this.#locked(() => {
      if (words[node + inNode.state] !== state.waiting) return false;
      unlink(words, node);
      discard(words, node);
      if (words[at.head] === 0) Atomics.and(words, at.gate, ~1);
      return true;
    });
  }

  /** Own nodes that other workers granted a permit since the last time. */
  collect(): readonly number[] {
    if (Atomics.load(this.words, this.#slot + inSlot.grantedHead) === 0) return none;
    return this.#locked(() => collect(this.words, this.#slot));
  }

  /** Sets the limit; undefined when the lock was not to be had, so that waiters are served only by another call. */
  setMax(max: number): readonly number[] | undefined {
    checkInteger("permits.max", max, 1, largestMax);
    Atomics.store(this.words, at.max, max);
    // A thread that supervises others must not wait for a worker whose death it has yet to be told of.
    if (!acquire(this.words, at.lock, this.#owner, { naps: setMaxNaps })) return undefined;
    return this.#unlocking(() => this.#grant());
  }

  /** Takes back everything that a dead worker had. */
  returnAllOf(dead: number): readonly number[] {
    const { words } = this;
    this.#checkWorker(dead);
    acquire(words, at.lock, this.#owner, { dead: dead + 1 });
    return this.#unlocking(() => {
      const slot = slotAt(dead);
      abandon(words, slot);
      const held = Atomics.exchange(words, slot + inSlot.held, 0);
      Atomics.sub(words, at.gate, 2 * held);
      rebuild(words);
      return this.#grant();
    });
  }

  /** Serves the queue from its head while permits are free. Needs the lock. */
  #grant(): readonly number[] {
    const { words } = this;
    let granted: number[] | undefined;
    for (let node = words[at.head]; node !== undefined && node !== 0; node = words[at.head]) {
      if (Atomics.load(words, at.gate) >>> 1 >= Atomics.load(words, at.max)) return granted ?? none;
      const slot = words[node + inNode.slot] ?? 0;
      // The engine ends a thread only at a loop or at the call of a function, so not between these three.
      Atomics.add(words, at.gate, 2);
      Atomics.add(words, slot + inSlot.held, 1);
      words[node + inNode.state] = state.granted;
      unlink(words, node);
      if (slot === this.#slot) {
        discard(words, node);
        (granted ??= []).push(node);
      } else {
        handOver(words, node);
      }
    }
    Atomics.and(words, at.gate, ~1);
    return granted ?? none;
  }

  #locked<T>(task: () => T): T {
    acquire(this.words, at.lock, this.#owner);
    return this.#unlocking(task);
  }

  #unlocking<T>(task: () => T): T {
    try {
      return task();
    } finally {
      release(this.words, at.lock);
    }
  }

  #checkWorker(worker: number): void {
    checkInteger("worker", worker, 0, Atomics.load(this.words, at.slots) - 1);
  }
}

function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `${name} is ${value}, but must be a whole number from ${min} to ${max}.`,
  );
}

import { StuntdoubleError } from "../../core/errors.ts";
import { abandon, append, at, collect, discard, handOver, heldAt, inNode, inSlot, inUse } from "./nodes.ts";
import { rebuild, slotAt, state, unlink, wake, wordsFor } from "./nodes.ts";
import { acquire, release } from "../shared-lock.ts";

const largestMax = 2 ** 29;
const none: readonly number[] = [];

/** How often a thread that supervises others naps at the lock before it says that it could not have it. */
const supervisorNaps = 20;

/** Grants that other threads have not noticed yet, beyond which a call may be refused although the queue has room. */
const maxGrantsUnderWay = 65_536;

/**
 * Allocates the permits of one node and the places of its queue.
 *
 * @param options `max` permits, 1 to 2^29; `queue` calls that may wait, 0 to 2^20; `workers` event loops of the node
 * @returns memory for the workers 0 to `workers` − 1, and for `workers`, the thread that supervises them
 * @throws CONFIG_INVALID for numbers out of range
 */
export function createPermitMemory(options: { max: number; queue: number; workers: number }): SharedArrayBuffer {
  const { max, queue, workers } = options;
  checkInteger("permits.max", max, { min: 1, max: largestMax });
  checkInteger("permits.queue", queue, { min: 0, max: 2 ** 20 });
  checkInteger("workers", workers, { min: 1, max: 1024 });
  // A node stays in use until its worker has picked up the grant, which it does whenever it joins. So no worker ever has more
  // of them than may wait.
  const places = Math.min((workers + 1) * queue + 1, 2 * queue + maxGrantsUnderWay);
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
 * A permit is taken by counting it as held and then looking whether there were enough: of two threads at the last permit
 * the later one sees the earlier, so the limit holds, and a thread that dies half-way leaves nothing but its own counter.
 *
 * First come, first served over all threads: waiters stand in one list under a lock, and `closed` says that somebody
 * waits. Who takes looks at it after counting, and who joins sets it before adding up, so one of them sees the other. In
 * the same way either a release sees the waiter or the waiter sees the release.
 *
 * A waiter is known by its node. Own nodes that were granted a permit are returned by the very call that freed the
 * permit; grants made by other workers are found with `collect`.
 */
export class PermitTable {
  readonly words: Int32Array;
  /** The word that changes with each grant another worker makes to this one. */
  readonly wakeIndex: number;
  readonly #worker: number;
  readonly #held: number;
  readonly #slot: number;
  readonly #owner: number;

  /** @throws CONFIG_INVALID for a worker the memory has no room for */
  constructor(memory: SharedArrayBuffer, worker: number) {
    this.words = new Int32Array(memory);
    this.#checkWorker(worker);
    this.#worker = worker;
    this.#held = heldAt(worker);
    this.#slot = slotAt(this.words, worker);
    this.#owner = worker + 1;
    this.wakeIndex = this.#slot + inSlot.wake;
  }

  /** Takes a permit without a lock; false when none is free or somebody waits. */
  tryTake(): boolean {
    const { words } = this;
    while (Atomics.load(words, at.closed) === 0) {
      Atomics.add(words, this.#held, 1);
      // In this order: a grant that had not seen this call yet opens the way only after it has been counted itself.
      if (Atomics.load(words, at.closed) === 0 && inUse(words) <= Atomics.load(words, at.max)) return true;
      this.#takeBack();
      // Another thread that was trying concurrently may have made it look like one too many.
      if (inUse(words) >= Atomics.load(words, at.max)) return false;
    }
    return false;
  }

  /** Gives one permit back and serves the queue. */
  giveBack(): readonly number[] {
    Atomics.sub(this.words, this.#held, 1);
    return Atomics.load(this.words, at.closed) === 0 ? none : this.#locked(() => this.#serve());
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
      Atomics.store(words, at.closed, 1);
      return { node, granted: this.#serve() };
    });
  }

  /** Leaves the queue; false when a permit has been granted already. */
  leave(node: number): boolean {
    const { words } = this;
    return this.#locked(() => {
      if (words[node + inNode.state] !== state.waiting) return false;
      unlink(words, node);
      discard(words, node);
      if (words[at.head] === 0) Atomics.store(words, at.closed, 0);
      return true;
    });
  }

  /** Own nodes that other workers granted a permit since the last time. */
  collect(): readonly number[] {
    // Not without the lock: while the lists are made anew after a death, they look empty.
    return this.#locked(() => collect(this.words, this.#worker));
  }

  /** Sets the limit; undefined when the lock was not to be had, so that waiters are served only by another call. */
  setMax(max: number): readonly number[] | undefined {
    checkInteger("permits.max", max, { min: 1, max: largestMax });
    Atomics.store(this.words, at.max, max);
    // A thread that supervises others must not wait for a worker whose death it has yet to be told of.
    if (!acquire({ words: this.words, index: at.lock }, this.#owner, { naps: supervisorNaps })) return undefined;
    return this.#unlocking(() => this.#serve());
  }

  /** Takes back everything that a dead worker had; undefined when another one has the lock, and it is to be tried again. */
  returnAllOf(dead: number): readonly number[] | undefined {
    const { words } = this;
    this.#checkWorker(dead);
    if (!acquire({ words, index: at.lock }, this.#owner, { dead: dead + 1, naps: supervisorNaps })) return undefined;
    return this.#unlocking(() => {
      abandon(words, slotAt(words, dead));
      rebuild(words);
      Atomics.store(words, heldAt(dead), 0);
      return this.#serve();
    });
  }

  /** A permit that was counted and not taken may have kept another thread from serving the queue. */
  #takeBack(): void {
    const { words } = this;
    Atomics.sub(words, this.#held, 1);
    if (Atomics.load(words, at.closed) === 0) return;
    this.#locked(() => {
      this.#grant();
      if (words[this.#slot + inSlot.grantedHead] !== 0) wake(words, this.#slot);
    });
  }

  /** Serves the queue. Needs the lock. */
  #serve(): readonly number[] {
    this.#grant();
    return this.words[this.#slot + inSlot.grantedHead] === 0 ? none : collect(this.words, this.#worker);
  }

  /** Grants permits from the head of the queue while there are some, and wakes the other workers. Needs the lock. */
  #grant(): void {
    const { words } = this;
    for (let node = words[at.head]; node !== undefined && node !== 0; node = words[at.head]) {
      if (inUse(words) >= Atomics.load(words, at.max)) return;
      const slot = words[node + inNode.slot] ?? 0;
      // The state decides when this thread dies here: the count is then made anew from the states.
      Atomics.add(words, at.granted, 1);
      words[node + inNode.state] = state.granted;
      unlink(words, node);
      handOver(words, node);
      if (slot !== this.#slot) wake(words, slot);
    }
    Atomics.store(words, at.closed, 0);
  }

  #locked<T>(task: () => T): T {
    acquire({ words: this.words, index: at.lock }, this.#owner);
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
    checkInteger("worker", worker, { min: 0, max: Atomics.load(this.words, at.slots) - 1 });
  }
}

function checkInteger(name: string, value: number, { min, max }: { min: number; max: number }): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new StuntdoubleError("CONFIG_INVALID", `${name} is ${value}, but must be an integer from ${min} to ${max}.`);
}

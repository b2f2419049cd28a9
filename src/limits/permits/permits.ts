import { StuntdoubleError } from "../../core/errors.ts";
import type { Clock } from "../clock.ts";
import { at, inUse } from "./nodes.ts";
import { PermitTable } from "./table.ts";

export { createPermitMemory } from "./table.ts";

/** The right to have one call in flight. */
export type Permit = {
  /** Gives it back; only the first call counts. */
  release(): void;
  /** Time spent in the queue. */
  readonly waitedMs: number;
};

/** That of a call which takes nobody's place. */
export const noPermit: Permit = { release: () => undefined, waitedMs: 0 };

/** The permits of a node as one of its threads sees them; all numbers are those of the whole node. */
export type Permits = {
  /** A permit at once, without a lock; undefined when none is free or somebody waits. */
  tryTake(): Permit | undefined;
  /**
   * A permit, after a wait in the node's queue if need be.
   *
   * @throws QUEUE_FULL at once, QUEUE_TIMEOUT at the deadline, CLIENT_GONE when `signal` aborts
   */
  take(signal?: AbortSignal): Promise<Permit>;
  inFlight(): number;
  waiting(): number;
  available(): number;
  /** Share of the permits that are taken, 0 to 1. */
  utilisation(): number;
  /**
   * Changes the limit of the node. A lower one lets calls in flight run on; a higher one serves waiters at once.
   *
   * @throws CONFIG_INVALID for a limit that is no integer from 1 to 2^29
   */
  setMax(max: number): void;
  /** For calls that join the queue from now on. */
  setQueueTimeoutMs(queueTimeoutMs: number): void;
  /**
   * Takes back the permits and places of a worker that is dead; to be called before another one gets its number.
   *
   * While a second dead worker has the lock, it is tried again each millisecond until that one is reported as well.
   */
  returnAllOf(worker: number): void;
  /** Calls that left the queue at their deadline; wraps around at 2^32. */
  queueTimeouts(): number;
  /** Calls that found the queue full; wraps around at 2^32. */
  queueRefusals(): number;
};

/**
 * Gives the calls of one thread their share of the node's permits: first come, first served over all threads.
 *
 * @param options `memory` from `createPermitMemory`; `worker` this thread's number, used by no other living thread;
 *   `queueTimeoutMs` max wait, milliseconds
 * @throws CONFIG_INVALID for a worker the memory has no room for
 */
export function createPermits(options: PermitOptions): Permits {
  return new ThreadPermits(options);
}

/** See `createPermits`. */
export type PermitOptions = {
  readonly memory: SharedArrayBuffer;
  readonly worker: number;
  readonly clock: Clock;
  readonly queueTimeoutMs: number;
};

const lockRetryMs = 1;

class ThreadPermits implements Permits {
  readonly #clock: Clock;
  readonly #table: PermitTable;
  readonly #words: Int32Array;
  readonly #waiters = new Map<number, Waiter>();
  #queueTimeoutMs: number;
  #watching = false;

  constructor(options: PermitOptions) {
    this.#clock = options.clock;
    this.#queueTimeoutMs = options.queueTimeoutMs;
    this.#table = new PermitTable(options.memory, options.worker);
    this.#words = this.#table.words;
  }

  tryTake(): Permit | undefined {
    return this.#table.tryTake() ? new HeldPermit(this, 0) : undefined;
  }

  take(signal?: AbortSignal): Promise<Permit> {
    if (signal?.aborted === true) return Promise.reject(clientGone());
    return this.#table.tryTake() ? Promise.resolve(new HeldPermit(this, 0)) : this.#enqueue(signal);
  }

  inFlight(): number {
    return inUse(this.#words);
  }

  waiting(): number {
    return Atomics.load(this.#words, at.waiting);
  }

  available(): number {
    return Math.max(0, this.#max() - this.inFlight());
  }

  utilisation(): number {
    return (this.#max() - this.available()) / this.#max();
  }

  setMax(max: number): void {
    const granted = this.#table.setMax(max);
    if (granted === undefined) this.#clock.wake(lockRetryMs, () => this.setMax(this.#max()));
    else this.#deliver(granted);
  }

  setQueueTimeoutMs(queueTimeoutMs: number): void {
    this.#queueTimeoutMs = queueTimeoutMs;
  }

  returnAllOf(worker: number): void {
    const granted = this.#table.returnAllOf(worker);
    if (granted === undefined) this.#clock.wake(lockRetryMs, () => this.returnAllOf(worker));
    else this.#deliver(granted);
  }

  queueTimeouts(): number {
    return Atomics.load(this.#words, at.timeouts) >>> 0;
  }

  queueRefusals(): number {
    return Atomics.load(this.#words, at.refused) >>> 0;
  }

  giveBack(): void {
    const granted = this.#table.giveBack();
    if (granted.length > 0) this.#deliver(granted);
  }

  #max(): number {
    return Atomics.load(this.#words, at.max);
  }

  #enqueue(signal: AbortSignal | undefined): Promise<Permit> {
    const place = this.#table.join();
    const timeoutMs = this.#queueTimeoutMs;
    if (place === undefined) return Promise.reject(refused("QUEUE_FULL", timeoutMs));
    const { promise, resolve, reject } = Promise.withResolvers<Permit>();
    const { node, granted } = place;
    const abort = (): void => this.#abort(node);
    const cancelDeadline = this.#clock.wake(timeoutMs, () => this.#expire(node, timeoutMs));
    signal?.addEventListener("abort", abort, { once: true });
    const forget = (): void => {
      cancelDeadline();
      signal?.removeEventListener("abort", abort);
    };
    this.#waiters.set(node, { sinceMs: this.#clock.now(), forget, resolve, reject });
    this.#deliver(granted);
    this.#watch();
    return promise;
  }

  #abort(node: number): void {
    const left = this.#table.leave(node);
    this.#remove(node)?.reject(clientGone());
    if (!left) this.#deliver(this.#table.collect());
  }

  #expire(node: number, timeoutMs: number): void {
    if (!this.#table.leave(node)) return this.#deliver(this.#table.collect());
    Atomics.add(this.#words, at.timeouts, 1);
    this.#remove(node)?.reject(refused("QUEUE_TIMEOUT", timeoutMs));
  }

  #remove(node: number): Waiter | undefined {
    const waiter = this.#waiters.get(node);
    this.#waiters.delete(node);
    waiter?.forget();
    return waiter;
  }

  /** Hands granted permits to own waiters; where one has left, the permit goes to the next in the queue. */
  #deliver(granted: readonly number[]): void {
    const nodes = [...granted];
    for (const node of nodes) {
      const waiter = this.#remove(node);
      if (waiter === undefined) nodes.push(...this.#table.giveBack());
      else waiter.resolve(new HeldPermit(this, this.#clock.now() - waiter.sinceMs));
    }
  }

  /** Takes notice of grants by other threads for as long as there are waiters. */
  #watch(): void {
    while (!this.#watching && this.#waiters.size > 0) {
      const seen = Atomics.load(this.#words, this.#table.wakeIndex);
      this.#deliver(this.#table.collect());
      const change = Atomics.waitAsync(this.#words, this.#table.wakeIndex, seen);
      if (change.async) void this.#woken(change.value);
    }
  }

  async #woken(change: Promise<unknown>): Promise<void> {
    this.#watching = true;
    await change;
    this.#watching = false;
    this.#deliver(this.#table.collect());
    this.#watch();
  }
}

/** A call in the queue; `forget` cancels its deadline and stops listening to its signal. */
type Waiter = {
  readonly sinceMs: number;
  readonly resolve: (permit: Permit) => void;
  readonly reject: (error: StuntdoubleError) => void;
  forget(): void;
};

class HeldPermit implements Permit {
  readonly waitedMs: number;
  #holder: ThreadPermits | undefined;

  constructor(holder: ThreadPermits, waitedMs: number) {
    this.#holder = holder;
    this.waitedMs = waitedMs;
  }

  release(): void {
    const holder = this.#holder;
    this.#holder = undefined;
    holder?.giveBack();
  }
}

function refused(code: "QUEUE_FULL" | "QUEUE_TIMEOUT", timeoutMs: number): StuntdoubleError {
  const message =
    code === "QUEUE_FULL"
      ? "All permits are taken and the queue is full."
      : `No permit became free in ${timeoutMs} ms.`;
  return new StuntdoubleError(code, message, { retryAfterSeconds: Math.max(1, Math.ceil(timeoutMs / 1000)) });
}

function clientGone(): StuntdoubleError {
  return new StuntdoubleError("CLIENT_GONE", "The client left while it waited for a permit.");
}

import type { Clock } from "../limits/clock.ts";

/** Something to be woken at `dueMs`; in a wheel at most once. The links belong to the wheel. */
export type Timer = {
  dueMs: number;
  previous: Timer | undefined;
  next: Timer | undefined;
  slot: number;
  fire(nowMs: number): void;
};

/** One timer for all streams of an event loop. */
export type Wheel = {
  /** Arms a timer for `dueMs`, in the clock's time; one that is armed already is moved. It never fires early. */
  arm(timer: Timer, dueMs: number): void;
  /** Disarms; no effect on a timer that is not armed. */
  disarm(timer: Timer): void;
  /** How many timers are armed. */
  size(): number;
  /** Lets the system timer go, which would keep the process alive; from now on nothing fires. */
  stop(): void;
};

const slots = 2048;
const nowhere = -1;

/**
 * Makes a hashed timer wheel with 1 ms ticks that keeps a single system timer, set to what is due next.
 *
 * @returns arm and disarm cost O(1)
 */
export function createWheel(clock: Clock): Wheel {
  return new HashedWheel(clock);
}

/** Makes a timer for `wheel.arm` out of a function. */
export function createTimer(fire: (nowMs: number) => void): Timer {
  return { dueMs: 0, previous: undefined, next: undefined, slot: nowhere, fire };
}

class HashedWheel implements Wheel {
  readonly #clock: Clock;
  readonly #heads: (Timer | undefined)[] = Array.from({ length: slots }, () => undefined);
  #size = 0;
  #turnedTo: number;
  /** When the system timer is due; -Infinity once it is let go. */
  #wakeMs = Infinity;
  #cancelWake: (() => void) | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turnedTo = Math.floor(clock.now());
  }

  arm(timer: Timer, dueMs: number): void {
    if (timer.slot !== nowhere) this.#unlink(timer);
    timer.dueMs = dueMs;
    const tick = Math.max(Math.ceil(dueMs), this.#turnedTo);
    this.#link(timer, tick % slots);
    // One that is due less than a millisecond before the system timer waits for it.
    if (dueMs < this.#wakeMs - 1) this.#wakeAt(dueMs);
  }

  disarm(timer: Timer): void {
    if (timer.slot !== nowhere) this.#unlink(timer);
    timer.dueMs = Infinity;
  }

  size(): number {
    return this.#size;
  }

  stop(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#wakeMs = -Infinity;
  }

  #link(timer: Timer, slot: number): void {
    const head = this.#heads[slot];
    timer.slot = slot;
    timer.previous = undefined;
    timer.next = head;
    if (head !== undefined) head.previous = timer;
    this.#heads[slot] = timer;
    this.#size += 1;
  }

  #unlink(timer: Timer): void {
    if (timer.previous === undefined) this.#heads[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    timer.slot = nowhere;
    this.#size -= 1;
  }

  /** The system timer takes whole milliseconds, so this is the one place where a time is rounded up. */
  #wakeAt(dueMs: number): void {
    const nowMs = this.#clock.now();
    const delayMs = Math.max(0, Math.ceil(dueMs - nowMs));
    if (nowMs + delayMs >= this.#wakeMs) return;
    this.#cancelWake?.();
    this.#wakeMs = nowMs + delayMs;
    this.#cancelWake = this.#clock.wake(delayMs, () => this.#turn());
  }

  #turn(): void {
    this.#cancelWake = undefined;
    this.#wakeMs = Infinity;
    const nowMs = this.#clock.now();
    const nowTick = Math.floor(nowMs);
    // Of the tick that has begun, what is due by now.
    const lastTick = nowTick + 1;
    const first = Math.max(this.#turnedTo, lastTick - slots + 1);
    this.#turnedTo = nowTick;
    for (let tick = first; tick <= lastTick; tick += 1) {
      if (this.#heads[tick % slots] !== undefined) this.#fireSlot(tick % slots, nowMs);
    }
    if (this.#size > 0) this.#wakeAtNext(nowTick);
  }

  /** The next occupied slot; a timer of a later round in it only costs one idle turn. */
  #wakeAtNext(nowTick: number): void {
    for (let tick = nowTick + 1; tick <= nowTick + slots; tick += 1) {
      const head = this.#heads[tick % slots];
      if (head !== undefined) return this.#wakeAt(Math.min(tick, firstDueMs(head)));
    }
  }

  /** Takes everything due out of a slot before firing, so that timers armed meanwhile wait for their own tick. */
  #fireSlot(slot: number, nowMs: number): void {
    const due: Timer[] = [];
    let timer = this.#heads[slot];
    while (timer !== undefined) {
      const following: Timer | undefined = timer.next;
      if (timer.dueMs <= nowMs) {
        this.#unlink(timer);
        due.push(timer);
      }
      timer = following;
    }
    for (let each = due.pop(); each !== undefined; each = due.pop()) {
      if (each.slot === nowhere && each.dueMs <= nowMs) each.fire(nowMs);
    }
  }
}

/** When the first of some timers in one slot is due. */
function firstDueMs(head: Timer): number {
  let firstMs = Infinity;
  for (let timer: Timer | undefined = head; timer !== undefined; timer = timer.next)
    firstMs = Math.min(firstMs, timer.dueMs);
  return firstMs;
}

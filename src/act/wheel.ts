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
  /** Arms a timer for its `dueMs`, in the clock's time; one that is armed already is moved. It never fires early. */
  arm(timer: Timer, dueMs: number): void;
  /** Disarms; no effect on a timer that is not armed. */
  disarm(timer: Timer): void;
  /** How many timers are armed. */
  size(): number;
};

const slots = 2048;
const nowhere = -1;

/**
 * Makes a hashed timer wheel with 1 ms ticks that keeps a single system timer, set to the next occupied tick.
 *
 * @returns arm and disarm cost O(1)
 */
export function createWheel(clock: Clock): Wheel {
  const heads: (Timer | undefined)[] = Array.from({ length: slots }, () => undefined);
  let size = 0;
  let turnedTo = Math.floor(clock.now());
  let wakeTick = Infinity;
  let cancelWake: (() => void) | undefined;

  function unlink(timer: Timer): void {
    if (timer.previous === undefined) heads[timer.slot] = timer.next;
    else timer.previous.next = timer.next;
    if (timer.next !== undefined) timer.next.previous = timer.previous;
    timer.previous = undefined;
    timer.next = undefined;
    timer.slot = nowhere;
    size -= 1;
  }

  function link(timer: Timer, tick: number): void {
    const slot = tick % slots;
    const head = heads[slot];
    timer.slot = slot;
    timer.previous = undefined;
    timer.next = head;
    if (head !== undefined) head.previous = timer;
    heads[slot] = timer;
    size += 1;
  }

  function wakeAt(tick: number): void {
    if (tick >= wakeTick) return;
    cancelWake?.();
    wakeTick = tick;
    cancelWake = clock.wake(Math.max(0, Math.ceil(tick - clock.now())), turn);
  }

  /** Takes everything due out of a slot before firing, so that timers armed meanwhile wait for their own tick. */
  function fireSlot(slot: number, nowMs: number): void {
    let timer = heads[slot];
    let due: Timer[] | undefined;
    while (timer !== undefined) {
      const following: Timer | undefined = timer.next;
      if (timer.dueMs <= nowMs) {
        unlink(timer);
        (due ??= []).push(timer);
      }
      timer = following;
    }
    if (due === undefined) return;
    for (const each of due.reverse()) if (each.slot === nowhere && each.dueMs <= nowMs) each.fire(nowMs);
  }

  function turn(): void {
    cancelWake = undefined;
    wakeTick = Infinity;
    const nowMs = clock.now();
    const nowTick = Math.floor(nowMs);
    const first = Math.max(turnedTo, nowTick - slots + 1);
    turnedTo = nowTick;
    for (let tick = first; tick <= nowTick; tick += 1) {
      if (heads[tick % slots] !== undefined) fireSlot(tick % slots, nowMs);
    }
    if (size === 0) return;
    for (let tick = nowTick + 1; tick <= nowTick + slots; tick += 1) {
      if (heads[tick % slots] !== undefined) return wakeAt(tick);
    }
  }

  return {
    arm(timer, dueMs) {
      if (timer.slot !== nowhere) unlink(timer);
      timer.dueMs = dueMs;
      const tick = Math.max(Math.ceil(dueMs), turnedTo);
      link(timer, tick);
      wakeAt(tick);
    },
    disarm(timer) {
      if (timer.slot !== nowhere) unlink(timer);
      timer.dueMs = Infinity;
    },
    size: () => size,
  };
}

/** Makes a timer for `wheel.arm` out of a function. */
export function createTimer(fire: (nowMs: number) => void): Timer {
  return { dueMs: 0, previous: undefined, next: undefined, slot: nowhere, fire };
}

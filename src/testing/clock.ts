import { setImmediate } from "node:timers";
import type { Clock } from "../limits/clock.ts";

/** Time that moves only when told. Connections are real: a call arrives while it stands still. */
export type FakeClock = {
  /** Milliseconds. */
  now(): number;
  /**
   * Moves time on, and wakes on the way what has waited for it, in the order of time. Resolves when all of it has been done.
   *
   * @param ms 0 or more, milliseconds
   * @throws RangeError for any other number
   */
  advance(ms: number): Promise<void>;
  /** How many wait for a time to come. */
  pending(): number;
};

/** The same as a node has it. */
export type SteeredClock = FakeClock & Clock;

type Alarm = { readonly atMs: number; readonly task: () => void };

/**
 * Makes a clock for `startStuntdouble`.
 *
 * @param startMs its first time, milliseconds since 1970
 */
export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  const clock = createSteeredClock(startMs);
  made.set(clock, clock);
  return clock;
}

const made = new WeakMap<FakeClock, SteeredClock>();

/** What a node gets of a fake clock. @throws TypeError where it was made by something else */
export function steered(clock: FakeClock): SteeredClock {
  const found = made.get(clock);
  if (found !== undefined) return found;
  throw new TypeError('clock must be "real" or what createFakeClock() gives.');
}

function createSteeredClock(startMs: number): SteeredClock {
  let nowMs = startMs;
  // In the order of time; those of one time in the order in which they came.
  const alarms: Alarm[] = [];
  const runDue = (): void => {
    while ((alarms[0]?.atMs ?? Infinity) <= nowMs) alarms.shift()?.task();
  };
  return {
    now: () => nowMs,
    pending: () => alarms.length,
    wake(delayMs, task) {
      const alarm = { atMs: nowMs + Math.max(0, delayMs), task };
      const after = alarms.findIndex(({ atMs }) => atMs > alarm.atMs);
      alarms.splice(after === -1 ? alarms.length : after, 0, alarm);
      if (delayMs <= 0) setImmediate(runDue);
      return () => {
        const at = alarms.indexOf(alarm);
        if (at !== -1) alarms.splice(at, 1);
      };
    },
    async advance(ms) {
      if (!(ms >= 0 && ms < Infinity)) throw new RangeError(`advance takes 0 or more milliseconds, got ${ms}.`);
      const untilMs = nowMs + ms;
      for (;;) {
        // What a task has begun may want to be woken before the next one.
        await turn();
        const next = alarms[0];
        if (next === undefined || next.atMs > untilMs) break;
        nowMs = Math.max(nowMs, next.atMs);
        runDue();
      }
      nowMs = untilMs;
    },
  };
}

/** Lets everything be done that waits for nothing but its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

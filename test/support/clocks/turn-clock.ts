import type { Clock } from "../../../src/limits/clock.ts";

/** A clock of an event loop: time passes in a turn of it, and timers run only between two turns, but those that wait for nothing. */
export type TurnClock = Clock & {
  /** Time passes within the turn. */
  pass(ms: number): void;
  /** Ends the turn: every timer that fell due runs. */
  endTurn(): void;
  /** How many timers are set. */
  pending(): number;
};

/** Makes a clock that moves only when told. */
export function createTurnClock(): TurnClock {
  let nowMs = 1000;
  const timers = new Set<{ readonly dueMs: number; task(): void }>();
  return {
    now: () => nowMs,
    wake(delayMs, task) {
      if (delayMs <= 0) {
        const immediate = setImmediate(task);
        return () => clearImmediate(immediate);
      }
      const timer = { dueMs: nowMs + delayMs, task };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    pass: (ms) => void (nowMs += ms),
    endTurn() {
      for (const timer of timers) {
        if (timer.dueMs > nowMs || !timers.delete(timer)) continue;
        timer.task();
      }
    },
    pending: () => timers.size,
  };
}

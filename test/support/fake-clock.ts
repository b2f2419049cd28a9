import type { Clock } from "../../src/limits/clock.ts";

/** A clock that moves only when told. */
export type FakeClock = Clock & {
  /** Moves time on, running what falls due on the way, in time order. */
  advance(ms: number): void;
  /** How many wake-ups are pending. */
  pending(): number;
};

export function createFakeClock(startMs = 1_000_000): FakeClock {
  let nowMs = startMs;
  let order = 0;
  const alarms = new Set<{ atMs: number; order: number; task: () => void }>();
  const earliest = (untilMs: number) =>
    [...alarms].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  return {
    now: () => nowMs,
    wake(delayMs, task) {
      const alarm = { atMs: nowMs + Math.max(0, delayMs), order: (order += 1), task };
      alarms.add(alarm);
      return () => void alarms.delete(alarm);
    },
    advance(ms) {
      const untilMs = nowMs + ms;
      for (let next = earliest(untilMs); next !== undefined; next = earliest(untilMs)) {
        alarms.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.task();
      }
      nowMs = untilMs;
    },
    pending: () => alarms.size,
  };
}

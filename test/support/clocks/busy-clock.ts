import { createFakeClock, type FakeClock } from "../fake-clock.ts";

/** A fake clock whose event loop can be kept busy. */
export type BusyClock = FakeClock & {
  /** Time passes and nothing runs; what fell due meanwhile runs at the end, in time order. */
  block(ms: number): void;
};

export function createBusyClock(startMs?: number): BusyClock {
  const clock = createFakeClock(startMs);
  const missed = new Set<() => void>();
  let busy = false;
  return {
    now: clock.now,
    advance: clock.advance,
    pending: () => clock.pending() + missed.size,
    wake(delayMs, task) {
      const alarm = (): void => {
        missed.delete(alarm);
        task();
      };
      const cancel = clock.wake(delayMs, () => void (busy ? missed.add(alarm) : task()));
      return () => {
        cancel();
        missed.delete(alarm);
      };
    },
    block(ms) {
      busy = true;
      clock.advance(ms);
      busy = false;
      for (const alarm of missed) alarm();
    },
  };
}

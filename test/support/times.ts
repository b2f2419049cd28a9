import type { CallTimes, Loop } from "../../src/act/types.ts";

/** The times of a call that begins now, and may be made to have begun later. */
export function createTimes({ clock, wheel }: Loop): CallTimes & { startLater(ms: number): void } {
  let startMs = clock.now();
  return {
    now: () => clock.now() - startMs,
    arm: (timer, atMs) => wheel.arm(timer, startMs + atMs),
    disarm: (timer) => wheel.disarm(timer),
    startLater: (ms) => void (startMs += ms),
  };
}

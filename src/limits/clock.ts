/** Time as everything outside the core sees it: a test can stand in for it. */
export type Clock = {
  /** Monotonic milliseconds, comparable between the threads of a process. */
  now(): number;
  /**
   * Runs `task` once, no earlier than after `delayMs`.
   *
   * @returns cancels it
   */
  wake(delayMs: number, task: () => void): () => void;
};

/** The clock of the system. */
export function systemClock(): Clock {
  const origin = performance.timeOrigin;
  return {
    now: () => origin + performance.now(),
    wake(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

/** The same for what may wait for ever: its timers do not keep the process alive. */
export function backgroundClock(): Clock {
  const { now } = systemClock();
  return {
    now,
    wake(delayMs, task) {
      const timer = setTimeout(task, delayMs).unref();
      return () => clearTimeout(timer);
    },
  };
}

/** The wall clock of the system: milliseconds since 1970. It can be set, and so go back. */
export function wallClockMs(): number {
  return Date.now();
}

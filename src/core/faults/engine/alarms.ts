import type { FaultContext } from "./types.ts";

/** The tasks of a plan that wait for their time. */
export type Alarms = Pick<FaultContext, "at"> & {
  /** Runs the earliest task that is due by then. @returns false when there is none */
  runNext(untilMs: number): boolean;
};

/** Makes alarms that go off when they are told how late it is. */
export function createAlarms(): Alarms {
  const waiting: { readonly atMs: number; task(atMs: number): void }[] = [];
  return {
    at(atMs, task) {
      const later = waiting.findIndex((alarm) => alarm.atMs > atMs);
      waiting.splice(later === -1 ? waiting.length : later, 0, { atMs, task });
    },
    runNext(untilMs) {
      const alarm = waiting[0];
      if (alarm === undefined || alarm.atMs > untilMs) return false;
      waiting.shift();
      alarm.task(alarm.atMs);
      return true;
    },
  };
}

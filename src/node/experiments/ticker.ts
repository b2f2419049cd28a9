import type { Clock } from "../../limits/clock.ts";

/** Does something again and again, as long as it is wanted. */
export type Ticker = {
  /** Does it after the interval, unless that is already so. */
  later(): void;
  stop(): void;
};

/** What is done, and how often. */
export type TickerOptions = {
  readonly clock: Clock;
  readonly everyMs: number;
  isWanted(): boolean;
  tick(): Promise<void>;
  failed(error: unknown): void;
};

/** Makes a ticker; the next interval begins when the task before it has ended. */
export function createTicker({ clock, everyMs, isWanted, tick, failed }: TickerOptions): Ticker {
  let cancel: (() => void) | undefined;
  const once = async (): Promise<void> => {
    await tick().catch(failed);
    if (cancel === undefined) return;
    cancel = undefined;
    later();
  };
  const later = (): void => {
    if (cancel === undefined && isWanted()) cancel = clock.wake(everyMs, () => void once());
  };
  return {
    later,
    stop() {
      cancel?.();
      cancel = undefined;
    },
  };
}

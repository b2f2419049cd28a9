import type { Clock } from "./clock.ts";

/** Says when an event loop has more requests than it can handle in time. */
export type Overload = {
  /** Told of each request, when its turn has come. @returns true when it waited too long, and is to be refused */
  isLate(): boolean;
};

/** The loop is looked at so often, while there are requests. */
const everyMs = 10;
/** A loop that was late once may have collected garbage; one that was late so often in a row is overloaded. */
const lateTurns = 3;
/** Without requests for so many looks it is looked at no more. */
const idleLooks = 100;

/**
 * Makes the rule by which an overloaded event loop refuses requests early.
 *
 * A timer that is late tells how long one turn of the event loop takes, and so how long a request waits in the kernel before
 * it is handled. When three turns in a row took more than `maxLagMs`, the loop is overloaded: in each turn it handles requests
 * for `maxLagMs`, and those beyond, which have waited longest, are late. That ends with the first turn that is short again.
 *
 * @param maxLagMs asked at each look; `Infinity` refuses nothing
 */
export function createOverload(clock: Clock, maxLagMs: () => number): Overload {
  let looking = false;
  let turnMs = 0;
  let late = 0;
  let idle = 0;
  const lookLater = (): void => {
    turnMs = clock.now();
    clock.wake(everyMs, look);
  };
  const look = (): void => {
    late = clock.now() - turnMs - everyMs > maxLagMs() ? late + 1 : 0;
    idle += 1;
    looking = idle < idleLooks;
    if (looking) lookLater();
    else late = 0;
  };
  return {
    isLate() {
      idle = 0;
      if (!looking) {
        looking = true;
        lookLater();
      }
      return late >= lateTurns && clock.now() - turnMs > maxLagMs();
    },
  };
}

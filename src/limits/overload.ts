import type { Clock } from "./clock.ts";
import { createHeld } from "./held.ts";

/** Says when an event loop has more requests than it can handle in time, and keeps connections back until there is time for them. */
export type Overload = {
  /** Told of each request, when its turn has come. @returns true when it comes too late, and is to be refused */
  isLate(): boolean;
  /**
   * Keeps a connection back.
   *
   * @param release called once, when it may be read again
   * @returns forgets it
   */
  hold(release: () => void): () => void;
  /** How many are held. */
  held(): number;
  /** Releases all that are held; from now on nothing is late, and nothing held. */
  end(): void;
};

/** What an event loop is judged by. */
export type OverloadOptions = {
  readonly clock: Clock;
  /** Max length of one turn in milliseconds, asked at each look; `Infinity` refuses nothing. */
  maxLagMs(): number;
  /** More requests come in one turn than can be handled or refused: every connection that waits for its next one must be held. */
  flooded(): void;
};

/** The loop is looked at so often, while there are requests. */
const everyMs = 10;
/** A loop that was late once may have collected garbage; one that was late so often in a row is overloaded. */
const lateTurns = 3;
/** It is flooded when requests keep it busy for so many times what one turn may take. */
const floodTimes = 3;
/** Without requests for so many looks it is looked at no more. */
const maxIdleLooks = 100;
/** For so many requests that were handled, one may be refused: a refusal costs a good part of a response. */
const handledForRefusal = 10;
/** So many refusals may come at once. */
const maxRefusals = 100;
/** For so many requests that were handled, one connection is released, however much there is to do. */
const handledForRelease = 50;
/** A loop that has time releases so many connections at a look, and twice as many at the next. */
const firstReleased = 8;
/** It has time while a turn takes less than this share of what it may. */
const quiet = 0.25;
/** Of its requests in a turn, one that has less time takes on at most this share more. */
const growth = 0.25;

/**
 * Makes the rule by which an overloaded event loop refuses requests, and bounds how many.
 *
 * A timer that is late tells how long one turn of the event loop takes, and so how long a request waits in the kernel before
 * it is handled. A loop whose turns were longer than `maxLagMs` for three in a row is overloaded: in each turn it handles
 * requests for `maxLagMs`, and those beyond are late.
 *
 * A loop that refused all that it cannot handle would be busy with little else. So there is a budget for refusals, and the
 * connections that got one are held, as all idle ones are in a turn with far too many requests: what is sent there stays in
 * the kernel, and the connections that are not held are served in time. The shorter the turns, the more are released, the
 * latest first, because their requests are the youngest; and one for every few requests that were handled, the first first,
 * so that none is forgotten.
 */
export function createOverload(options: OverloadOptions): Overload {
  const rule = new OverloadRule(options);
  return {
    isLate: () => rule.isLate(),
    hold: (release) => rule.hold(release),
    held: () => rule.held(),
    end: () => rule.end(),
  };
}

class OverloadRule implements Overload {
  readonly #options: OverloadOptions;
  readonly #held = createHeld();
  readonly #budget = createBudget();
  readonly #pace = createPace();
  readonly #turn = { beganMs: 0, lastMs: 0, busyMs: 0, handled: 0, flooded: false };
  #late = 0;
  #looking = false;
  #ended = false;
  #idleLooks = 0;

  constructor(options: OverloadOptions) {
    this.#options = options;
  }

  isLate(): boolean {
    if (this.#ended) return false;
    this.#idleLooks = 0;
    if (!this.#looking) this.#lookLater();
    const nowMs = this.#options.clock.now();
    const maxMs = this.#options.maxLagMs();
    if (isFlood(this.#turn, nowMs, maxMs)) this.#flood(nowMs, maxMs);
    if (this.#late >= lateTurns && nowMs - this.#turn.beganMs > maxMs) {
      if (this.#budget.takeRefusal()) return true;
      this.#flood(nowMs, maxMs);
    }
    this.#turn.handled += 1;
    if (this.#budget.handled()) this.#held.releaseFirst();
    return false;
  }

  hold(toRelease: () => void): () => void {
    const forget = this.#held.add(toRelease);
    if (this.#ended) this.#held.releaseFirst();
    else if (!this.#looking) this.#lookLater();
    return forget;
  }

  held(): number {
    return this.#held.size();
  }

  end(): void {
    this.#ended = true;
    this.#held.releaseLatest(Infinity);
  }

  #lookLater(): void {
    const { clock } = this.#options;
    const nowMs = clock.now();
    Object.assign(this.#turn, { beganMs: nowMs, lastMs: nowMs, busyMs: 0, handled: 0, flooded: false });
    this.#looking = true;
    clock.wake(everyMs, () => this.#look());
  }

  #look(): void {
    const maxMs = this.#options.maxLagMs();
    const lagMs = this.#options.clock.now() - this.#turn.beganMs - everyMs;
    this.#late = lagMs > maxMs ? this.#late + 1 : 0;
    if (this.#late === 0) this.#held.releaseLatest(this.#pace.next(this.#turn.handled, lagMs / maxMs));
    this.#idleLooks += 1;
    this.#looking = this.#idleLooks < maxIdleLooks || this.#held.size() > 0;
    if (this.#looking) this.#lookLater();
    else this.#late = 0;
  }

  #flood(nowMs: number, maxMs: number): void {
    if (this.#turn.flooded) return;
    this.#turn.flooded = true;
    this.#pace.begin((this.#turn.handled * maxMs) / (2 * (nowMs - this.#turn.beganMs)));
    this.#options.flooded();
  }
}

/** @returns whether requests have kept the loop busy for too long; a pause between two of them is no sign of too many */
function isFlood(turn: { lastMs: number; busyMs: number }, nowMs: number, maxMs: number): boolean {
  turn.busyMs += Math.min(nowMs - turn.lastMs, maxMs);
  turn.lastMs = nowMs;
  return turn.busyMs > floodTimes * maxMs;
}

/** How many connections are released after a turn that was short enough. */
function createPace() {
  let toRelease = firstReleased;
  return {
    /** @param count what a loop that has time releases first */
    begin: (count: number) => void (toRelease = Math.max(firstReleased, Math.ceil(count))),
    /** @param used share of the time that a turn may take, 0 to 1 */
    next(handled: number, used: number): number {
      const hasTime = used <= quiet;
      const count = Math.max(Math.ceil(handled * (1 - used) * growth), hasTime ? toRelease : 0);
      toRelease = hasTime ? toRelease * 2 : firstReleased;
      return count;
    },
  };
}

/** How much may be done besides handling requests. */
function createBudget() {
  let refusals = maxRefusals;
  let sinceRelease = 0;
  return {
    /** @returns true when it is time to release a connection */
    handled(): boolean {
      refusals = Math.min(maxRefusals, refusals + 1 / handledForRefusal);
      sinceRelease = (sinceRelease + 1) % handledForRelease;
      return sinceRelease === 0;
    },
    /** @returns false when too many have been refused */
    takeRefusal(): boolean {
      if (refusals < 1) return false;
      refusals -= 1;
      return true;
    },
  };
}

import { EventEmitter } from "node:events";
import CircuitBreaker from "opossum";
import type { Clock } from "./clock.ts";
import type { ProbeSlot } from "./probe-slots.ts";

/** `closed` lets calls through, `open` refuses them, `half-open` lets one try. */
export type BreakerState = "closed" | "open" | "half-open";

/** One admitted call; only the first report counts. */
export type Ticket = {
  /** A response head came. The caller decides which: 429 and other 4xx say that the upstream works. */
  succeeded(): void;
  /** No head came, or one that says the upstream is broken. */
  failed(): void;
  /** Nothing was learned, for example because the client left. */
  abandoned(): void;
};

/** Stops calls to an upstream that keeps failing. */
export type Breaker = {
  state(): BreakerState;
  /** Lets one call through; undefined when it is refused. */
  admit(): Ticket | undefined;
  /** Counts a call as failed after all: its response broke off after its head. */
  failedLate(): void;
  /** Follows a change in another thread; `onChange` is not called. */
  force(state: BreakerState): void;
  /** Closes it with no call counted, whatever it was; `onChange` is not called. */
  startAnew(): void;
  /** Milliseconds until the breaker becomes half-open; 0 when it is not open. */
  retryAfterMs(): number;
  /** Ends its timer; it then stays as it is. */
  shutdown(): void;
};

/**
 * What a breaker needs.
 *
 * `errorPercentage` of the calls of the last `windowMs` that must fail to open it, once they are `minimumCalls` or more, or
 * `consecutiveFailures` in a row; `resetMs` it stays open before one call may try, of all event loops that share the `probe`;
 * `onChange` is told each change but forced ones.
 */
export type BreakerOptions = {
  readonly name: string;
  readonly clock: Clock;
  readonly errorPercentage: number;
  readonly minimumCalls: number;
  readonly consecutiveFailures?: number | undefined;
  readonly windowMs: number;
  readonly resetMs: number;
  readonly probe: ProbeSlot;
  onChange(state: BreakerState): void;
};

/**
 * Makes a circuit breaker: opossum counts and decides when it opens, the given clock when it becomes half-open.
 *
 * opossum counts a call when it starts, so calls in flight would water down the share of failures. It is fed with results
 * instead, once they are known: here a call counts when its head is there. A result counts only in the stay in a state in
 * which its call was admitted.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  let stay = closed(options, change);
  let ended = false;

  function enter(state: BreakerState): void {
    stay.end();
    stay = stays[state](options, change);
  }

  function change(state: BreakerState): void {
    enter(state);
    options.onChange(state);
  }

  return {
    state: () => stay.state,
    admit() {
      const admitted = stay;
      if (!admitted.admits()) return undefined;
      return createTicket((result) => {
        if (stay === admitted && !ended) admitted.report(result);
      });
    },
    failedLate: () => stay.failedLate(),
    force(state) {
      if (state !== stay.state && !ended) enter(state);
    },
    startAnew() {
      if (!ended) enter("closed");
    },
    retryAfterMs: () => stay.retryAfterMs(),
    shutdown() {
      ended = true;
      stay.end();
      options.probe.release();
    },
  };
}

/** What came of one admitted call. */
type Result = "succeeded" | "failed" | "abandoned";

function createTicket(report: (result: Result) => void): Ticket {
  let pending = true;
  const once = (result: Result): void => {
    if (!pending) return;
    pending = false;
    report(result);
  };
  return {
    succeeded: () => once("succeeded"),
    failed: () => once("failed"),
    abandoned: () => once("abandoned"),
  };
}

/** One stay of a breaker in a state. */
type Stay = {
  readonly state: BreakerState;
  admits(): boolean;
  report(result: Result): void;
  failedLate(): void;
  retryAfterMs(): number;
  end(): void;
};

type Change = (state: BreakerState) => void;

const stays = { closed, open, "half-open": halfOpen };
const nothing = (): void => undefined;

function open({ clock, resetMs }: BreakerOptions, change: Change): Stay {
  const endMs = clock.now() + resetMs;
  return {
    state: "open",
    admits: () => false,
    report: nothing,
    failedLate: nothing,
    retryAfterMs: () => Math.max(0, endMs - clock.now()),
    end: clock.wake(resetMs, () => change("half-open")),
  };
}

/**
 * The probe that failed is kept while the breaker is open again: an event loop that is half-open still, because it has not heard
 * of that, must not send another one.
 */
function halfOpen({ probe }: BreakerOptions, change: Change): Stay {
  let probing = false;
  probe.release();
  return {
    state: "half-open",
    admits: () => !probing && (probing = probe.tryTake()),
    report(result) {
      if (result !== "abandoned") return change(result === "failed" ? "open" : "closed");
      probing = false;
      probe.release();
    },
    failedLate: nothing,
    retryAfterMs: () => 0,
    end: nothing,
  };
}

/** It begins with no call counted, so that old failures cannot open a breaker that has just closed. */
function closed(options: BreakerOptions, change: Change): Stay {
  const { minimumCalls, errorPercentage, consecutiveFailures = Infinity, probe } = options;
  let inARow = 0;
  probe.release();
  const rotation = new EventEmitter();
  const circuit = createCircuit(options, rotation);
  const moveOn = createRotation(options, rotation);
  // At once, for opossum has set a timer of its own for what comes next.
  circuit.on("open", () => {
    circuit.shutdown();
    change("open");
  });
  return {
    state: "closed",
    admits: () => true,
    report(result) {
      if (result === "abandoned") return;
      inARow = result === "failed" ? inARow + 1 : 0;
      if (inARow >= consecutiveFailures) return circuit.open();
      moveOn();
      circuit.fire(result).catch(nothing);
    },
    failedLate() {
      inARow += 1;
      if (inARow >= consecutiveFailures) return circuit.open();
      moveOn();
      // The call was counted when its head came; it joins the failures now without being counted as one more call.
      circuit.emit("failure", reportedFailure, 0);
      const { fires, failures } = circuit.stats;
      if (fires >= minimumCalls && (failures / fires) * 100 >= errorPercentage) circuit.open();
    },
    retryAfterMs: () => 0,
    end: () => circuit.shutdown(),
  };
}

/** The window of opossum moves on by so many steps. */
const steps = 10;
/** opossum opens above its threshold; a percentage configured here is reached when it is equalled. */
const justBelow = 1e-6;

function createCircuit(options: BreakerOptions, rotateBucketController: EventEmitter): CircuitBreaker<[Result], void> {
  return new CircuitBreaker(settle, {
    name: options.name,
    timeout: false,
    rollingCountTimeout: options.windowMs,
    rollingCountBuckets: steps,
    rotateBucketController,
    volumeThreshold: options.minimumCalls,
    errorThresholdPercentage: options.errorPercentage - justBelow,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  });
}

/** Gives back what moves opossum's window on to the present; it is asked before each count, so no timer is needed. */
function createRotation({ clock, windowMs }: BreakerOptions, rotation: EventEmitter): () => void {
  const stepMs = windowMs / steps;
  let movedAtMs = clock.now();
  return () => {
    const due = Math.floor((clock.now() - movedAtMs) / stepMs);
    movedAtMs += due * stepMs;
    for (let step = 0; step < Math.min(due, steps); step += 1) rotation.emit("rotate");
  };
}

const reportedFailure = new Error("A call was reported as failed.");
const reportedSuccess = Promise.resolve();

/** What opossum guards: a result that is known already. A failure counts before `fire` returns. */
function settle(result: Result): Promise<void> {
  if (result === "failed") throw reportedFailure;
  return reportedSuccess;
}

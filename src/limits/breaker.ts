import CircuitBreaker from "opossum";

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
  /** Counts a call as failed after all: its answer broke off after its head. */
  failedLate(): void;
  /** Follows a change that another thread told of; `onChange` is not called. */
  force(state: BreakerState): void;
  /** Milliseconds until the breaker becomes half-open; 0 when it is not open. */
  retryAfterMs(): number;
  /** Ends its timers; it then stays as it is. */
  shutdown(): void;
};

/**
 * What a breaker needs.
 *
 * `errorPercentage` of the calls of the last `windowMs` that must fail to open it, once they are `minimumCalls` or more;
 * `resetMs` it stays open before one call may try; `onChange` is told each change but forced ones.
 */
export type BreakerOptions = {
  readonly name: string;
  readonly errorPercentage: number;
  readonly minimumCalls: number;
  readonly windowMs: number;
  readonly resetMs: number;
  onChange(state: BreakerState): void;
};

type Circuit = CircuitBreaker<[failed: boolean], void>;

const reportedFailure = new Error("A call was reported as failed.");
const reportedSuccess = Promise.resolve();

/** opossum opens above its threshold, a percentage configured here is reached when it is equalled. */
const justBelow = 1e-6;

/**
 * A circuit breaker: opossum's rolling window and state machine, fed with results once they are known.
 *
 * opossum counts a call when it starts, so calls with long answers would water down the share of failures; here a call
 * counts when its head is there. It is never given the calls themselves: they keep their own deadlines and signals.
 * Only results of calls admitted in the present state count, and in the half-open state only the probe's.
 */
export function createBreaker(options: BreakerOptions): Breaker {
  let current: BreakerState = "closed";
  let circuit = createCircuit(options, current, change);
  let openedAtMs = 0;
  /** Counts changes of state, to tell results of calls that were admitted before the last one. */
  let period = 0;
  let probing = false;

  function enter(state: BreakerState): void {
    current = state;
    period += 1;
    probing = false;
    if (state === "open") openedAtMs = performance.now();
  }

  function replace(state: BreakerState): void {
    circuit.shutdown();
    circuit = createCircuit(options, state, change);
    enter(state);
  }

  function change(state: BreakerState): void {
    // opossum keeps its window when it closes, and the old failures in it could open it at once: start with an empty one.
    if (state === "closed") replace(state);
    else enter(state);
    options.onChange(state);
  }

  return {
    state: () => current,
    admit() {
      if (current === "open" || probing) return undefined;
      probing = current === "half-open";
      const admitted = period;
      return createTicket((report) => {
        if (admitted !== period || circuit.isShutdown) return;
        if (report === "abandoned") probing = false;
        else feed(circuit, report === "failed");
      });
    },
    failedLate() {
      if (current !== "closed" || circuit.isShutdown) return;
      // The call was counted when its head came; it joins the failures now without being counted as one more call.
      circuit.emit("failure", reportedFailure, 0);
      const { fires, failures } = circuit.stats;
      const percentage = (failures / fires) * 100;
      if (fires >= options.minimumCalls && percentage >= options.errorPercentage) circuit.open();
    },
    force(state) {
      if (state !== current && !circuit.isShutdown) replace(state);
    },
    retryAfterMs: () => (current === "open" ? Math.max(0, openedAtMs + options.resetMs - performance.now()) : 0),
    shutdown() {
      period += 1;
      circuit.shutdown();
    },
  };
}

function createTicket(report: (report: "succeeded" | "failed" | "abandoned") => void): Ticket {
  let pending = true;
  const once = (word: "succeeded" | "failed" | "abandoned"): void => {
    if (!pending) return;
    pending = false;
    report(word);
  };
  return {
    succeeded: () => once("succeeded"),
    failed: () => once("failed"),
    abandoned: () => once("abandoned"),
  };
}

function createCircuit(options: BreakerOptions, state: BreakerState, change: (state: BreakerState) => void): Circuit {
  const settings = {
    name: options.name,
    timeout: false as const,
    rollingCountTimeout: options.windowMs,
    volumeThreshold: options.minimumCalls,
    errorThresholdPercentage: options.errorPercentage - justBelow,
    resetTimeout: options.resetMs,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    // Not in opossum's published types: the state to begin in.
    state: { closed: state === "closed", halfOpen: state === "half-open" },
  };
  const circuit: Circuit = new CircuitBreaker(settle, settings);
  circuit.on("open", () => change("open"));
  circuit.on("halfOpen", () => change("half-open"));
  circuit.on("close", () => change("closed"));
  return circuit;
}

function feed(circuit: Circuit, failed: boolean): void {
  circuit.fire(failed).catch((error: unknown) => {
    if (error !== reportedFailure) throw error;
  });
}

/** Settles at once, the failure even before `fire` returns. */
function settle(failed: boolean): Promise<void> {
  if (failed) throw reportedFailure;
  return reportedSuccess;
}

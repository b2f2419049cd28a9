import { describe, expect, test } from "vitest";
import { createBreaker, type Breaker, type BreakerState } from "../../../src/limits/breaker.ts";
import { createProbeMemory, probeSlot } from "../../../src/limits/probe-slots.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const resetMs = 15_000;

type Wishes = {
  readonly errorPercentage?: number;
  readonly minimumCalls?: number;
  readonly consecutiveFailures?: number;
  readonly windowMs?: number;
  readonly resetMs?: number;
  /** Shared by the event loops of a node. */
  readonly probes?: SharedArrayBuffer;
  readonly worker?: number;
};

function setUp({ probes = createProbeMemory(), worker = 0, ...more }: Wishes = {}) {
  const changes: BreakerState[] = [];
  const clock = createFakeClock();
  const breaker = createBreaker({
    name: "openai",
    clock,
    errorPercentage: 50,
    minimumCalls: 10,
    windowMs: 10_000,
    resetMs,
    probe: probeSlot(probes, "openai", worker),
    onChange: (state) => void changes.push(state),
    ...more,
  });
  return { breaker, changes, clock };
}

function report(breaker: Breaker, results: { succeeded?: number; failed?: number }): void {
  for (let n = 0; n < (results.succeeded ?? 0); n += 1) breaker.admit()!.succeeded();
  for (let n = 0; n < (results.failed ?? 0); n += 1) breaker.admit()?.failed();
}

function opened(more: Wishes = {}) {
  const made = setUp(more);
  report(made.breaker, { failed: 10 });
  return made;
}

function halfOpened(more: Wishes = {}) {
  const made = opened(more);
  made.clock.advance(more.resetMs ?? resetMs);
  return made;
}

test("it opens when the share of failed calls reaches the percentage", () => {
  const { breaker, changes } = setUp();
  report(breaker, { succeeded: 5, failed: 4 });
  expect(breaker.state()).toBe("closed");
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("open");
  expect(breaker.admit()).toBeUndefined();
  expect(changes).toEqual(["open"]);
});

test("a percentage of 100 is reached when every call fails", () => {
  const { breaker } = setUp({ errorPercentage: 100 });
  report(breaker, { failed: 10 });
  expect(breaker.state()).toBe("open");
});

test("it stays closed below the percentage", () => {
  const { breaker } = setUp();
  report(breaker, { succeeded: 11, failed: 10 });
  expect(breaker.state()).toBe("closed");
});

test("it stays closed below the smallest number of calls", () => {
  const { breaker } = setUp();
  report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
});

test("failures older than the window are forgotten", () => {
  const { breaker, clock } = setUp();
  report(breaker, { failed: 9 });
  clock.advance(11_000);
  report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
});

test.each([
  [9_999, "open"],
  [10_000, "closed"],
])("a failure counts until the whole window has passed: after %i ms it leaves the breaker %s", (afterMs, state) => {
  const { breaker, clock } = setUp();
  report(breaker, { failed: 9 });
  clock.advance(afterMs);
  report(breaker, { failed: 1 });
  expect(breaker.state()).toBe(state);
});

test("a window moves on by a tenth, so a failure in it counts for at least nine tenths", () => {
  const { breaker, clock } = setUp();
  clock.advance(999);
  report(breaker, { failed: 9 });
  clock.advance(9_000);
  report(breaker, { failed: 1 });
  expect(breaker.state()).toBe("open");
});

test("a window that nothing was counted in for long is as good as new", () => {
  const { breaker, clock } = setUp();
  report(breaker, { failed: 9 });
  clock.advance(1_000_500);
  report(breaker, { failed: 9 });
  clock.advance(9_400);
  expect(breaker.state()).toBe("closed");
  report(breaker, { failed: 1 });
  expect(breaker.state()).toBe("open");
});

test("streams in flight do not blind it", () => {
  const { breaker } = setUp();
  const streams = Array.from({ length: 100 }, () => breaker.admit()!);
  expect(streams).toHaveLength(100);
  report(breaker, { failed: 10 });
  expect(breaker.state()).toBe("open");
});

test("failures reported all at once open it once, and it still becomes half-open", () => {
  const { breaker, changes, clock } = setUp();
  const tickets = Array.from({ length: 30 }, () => breaker.admit()!);
  for (const ticket of tickets) ticket.failed();
  clock.advance(resetMs);
  expect(changes).toEqual(["open", "half-open"]);
});

test("a client that leaves counts neither as success nor as failure", () => {
  const { breaker } = setUp();
  for (let n = 0; n < 100; n += 1) breaker.admit()!.abandoned();
  report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
  report(breaker, { failed: 1 });
  expect(breaker.state()).toBe("open");
});

test("only the first report of a ticket counts", () => {
  const { breaker } = setUp();
  for (let n = 0; n < 5; n += 1) {
    const ticket = breaker.admit()!;
    ticket.failed();
    ticket.failed();
  }
  expect(breaker.state()).toBe("closed");
  report(breaker, { failed: 5 });
  expect(breaker.state()).toBe("open");
});

test("it becomes half-open after the reset time and says how long that is", () => {
  const { breaker, changes, clock } = opened();
  expect(breaker.retryAfterMs()).toBe(resetMs);
  clock.advance(resetMs - 1);
  expect(breaker.state()).toBe("open");
  expect(breaker.retryAfterMs()).toBe(1);
  clock.advance(1);
  expect(breaker.state()).toBe("half-open");
  expect(breaker.retryAfterMs()).toBe(0);
  expect(changes).toEqual(["open", "half-open"]);
});

test("of 20 calls in the half-open state one is let through", () => {
  const { breaker } = halfOpened();
  const admitted = Array.from({ length: 20 }, () => breaker.admit()).filter((ticket) => ticket !== undefined);
  expect(admitted).toHaveLength(1);
});

test("a probe that succeeds closes it", () => {
  const { breaker, changes } = halfOpened();
  const probe = breaker.admit()!;
  expect(breaker.admit()).toBeUndefined();
  probe.succeeded();
  expect(breaker.state()).toBe("closed");
  expect(breaker.admit()).toBeDefined();
  expect(changes).toEqual(["open", "half-open", "closed"]);
});

test("a probe that fails opens it again for the whole reset time", () => {
  const { breaker, changes, clock } = halfOpened();
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("open");
  clock.advance(resetMs - 1);
  expect(breaker.state()).toBe("open");
  clock.advance(1);
  expect(changes).toEqual(["open", "half-open", "open", "half-open"]);
});

test("a probe whose client leaves neither closes nor blocks it", () => {
  const { breaker } = halfOpened();
  breaker.admit()!.abandoned();
  expect(breaker.state()).toBe("half-open");
  const next = breaker.admit();
  expect(next).toBeDefined();
  expect(breaker.admit()).toBeUndefined();
  next!.succeeded();
  expect(breaker.state()).toBe("closed");
});

test("a probe abandoned twice frees its place once", () => {
  const { breaker } = halfOpened();
  const probe = breaker.admit()!;
  probe.abandoned();
  expect(breaker.admit()).toBeDefined();
  probe.abandoned();
  expect(breaker.admit()).toBeUndefined();
});

test("calls admitted before it opened decide nothing when they end later", () => {
  const { breaker, clock } = setUp();
  const early = [breaker.admit()!, breaker.admit()!, breaker.admit()!];
  report(breaker, { failed: 10 });
  early[0]!.succeeded();
  expect(breaker.state()).toBe("open");
  clock.advance(resetMs);
  early[1]!.succeeded();
  early[2]!.failed();
  expect(breaker.state()).toBe("half-open");
});

test("old failures do not count once it has closed again", () => {
  const { breaker } = halfOpened({ windowMs: 60_000, resetMs: 1000 });
  breaker.admit()!.succeeded();
  report(breaker, { succeeded: 5, failed: 4 });
  expect(breaker.state()).toBe("closed");
});

test("streams that break after their head open it as calls that failed", () => {
  const { breaker, changes } = setUp();
  report(breaker, { succeeded: 10 });
  for (let n = 0; n < 4; n += 1) breaker.failedLate();
  expect(breaker.state()).toBe("closed");
  breaker.failedLate();
  expect(breaker.state()).toBe("open");
  expect(changes).toEqual(["open"]);
});

test("streams that break late do not open it below the smallest number of calls", () => {
  const { breaker } = setUp();
  report(breaker, { succeeded: 9 });
  for (let n = 0; n < 20; n += 1) breaker.failedLate();
  expect(breaker.state()).toBe("closed");
});

test("a stream that breaks late does not decide the half-open state", () => {
  const { breaker } = halfOpened({ windowMs: 60_000 });
  breaker.failedLate();
  expect(breaker.state()).toBe("half-open");
  expect(breaker.admit()).toBeDefined();
});

test("it follows another thread into each state without telling of it", () => {
  const { breaker, changes } = setUp();
  breaker.force("open");
  expect(breaker.admit()).toBeUndefined();
  expect(breaker.retryAfterMs()).toBe(resetMs);
  breaker.force("half-open");
  expect(breaker.admit()).toBeDefined();
  expect(breaker.admit()).toBeUndefined();
  breaker.force("closed");
  expect(breaker.admit()).toBeDefined();
  expect(breaker.admit()).toBeDefined();
  expect(changes).toEqual([]);
});

test("forced open it becomes half-open by itself and tells of that", () => {
  const { breaker, changes, clock } = setUp();
  breaker.force("open");
  clock.advance(resetMs);
  expect(changes).toEqual(["half-open"]);
});

test("forced closed it does not become half-open later", () => {
  const { breaker, changes, clock } = opened();
  breaker.force("closed");
  clock.advance(10 * resetMs);
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["open"]);
});

test("forced half-open its probe decides and it tells of that", () => {
  const { breaker, changes } = setUp();
  breaker.force("half-open");
  breaker.admit()!.succeeded();
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["closed"]);
});

test("the probe of a half-open state that another thread ended decides nothing", () => {
  const { breaker } = halfOpened();
  const probe = breaker.admit()!;
  breaker.force("open");
  probe.succeeded();
  expect(breaker.state()).toBe("open");
});

test("told of the state it is in, it changes nothing", () => {
  const { breaker, clock } = opened();
  clock.advance(1000);
  breaker.force("open");
  expect(breaker.retryAfterMs()).toBe(resetMs - 1000);
});

test("shut down it leaves no timer behind and ignores what is still reported", () => {
  const { breaker, changes, clock } = setUp();
  const ticket = breaker.admit()!;
  report(breaker, { failed: 10 });
  breaker.force("closed");
  breaker.shutdown();
  ticket.failed();
  breaker.failedLate();
  breaker.force("open");
  expect(clock.pending()).toBe(0);
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["open"]);
});

test("a closed breaker has no timer, and an open one has one", () => {
  const { breaker, clock } = setUp();
  report(breaker, { succeeded: 5, failed: 4 });
  expect(clock.pending()).toBe(0);
  report(breaker, { failed: 1 });
  expect([breaker.state(), clock.pending()]).toEqual(["open", 1]);
});

test("so many failures in a row open it, however few calls there were", () => {
  const { breaker, changes } = setUp({ consecutiveFailures: 3 });
  report(breaker, { failed: 2 });
  expect(breaker.state()).toBe("closed");
  report(breaker, { failed: 1 });
  expect(changes).toEqual(["open"]);
});

test("a success begins the row anew, and a client that left does not", () => {
  const { breaker } = setUp({ consecutiveFailures: 3 });
  report(breaker, { failed: 2 });
  report(breaker, { succeeded: 1 });
  report(breaker, { failed: 2 });
  breaker.admit()!.abandoned();
  expect(breaker.state()).toBe("closed");
  report(breaker, { failed: 1 });
  expect(breaker.state()).toBe("open");
});

describe("half-open in several event loops", () => {
  function halfOpenedLoops() {
    const probes = createProbeMemory();
    return [halfOpened({ probes, worker: 0 }), halfOpened({ probes, worker: 1 })] as const;
  }

  test("lets one call of the node try", () => {
    const [first, second] = halfOpenedLoops();
    expect(first.breaker.admit()).toBeDefined();
    expect(second.breaker.admit()).toBeUndefined();
  });

  test("sends no second one after a failure, while the other loop has not heard of it", () => {
    const [first, second] = halfOpenedLoops();
    first.breaker.admit()!.failed();
    expect(second.breaker.state()).toBe("half-open");
    expect(second.breaker.admit()).toBeUndefined();
    second.breaker.force("open");
    for (const { clock } of [second, first]) clock.advance(resetMs);
    expect(second.breaker.admit()).toBeDefined();
  });

  test("lets another one try when the client left, or the loop ended", () => {
    const [first, second] = halfOpenedLoops();
    first.breaker.admit()!.abandoned();
    const probe = second.breaker.admit()!;
    expect(first.breaker.admit()).toBeUndefined();
    probe.abandoned();
    first.breaker.admit();
    first.breaker.shutdown();
    expect(second.breaker.admit()).toBeDefined();
  });
});

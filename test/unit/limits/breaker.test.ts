import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createBreaker, type Breaker, type BreakerState } from "../../../src/limits/breaker.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const resetMs = 15_000;

function setUp(more: { errorPercentage?: number; minimumCalls?: number; windowMs?: number; resetMs?: number } = {}) {
  const changes: BreakerState[] = [];
  const breaker = createBreaker({
    name: "openai",
    errorPercentage: 50,
    minimumCalls: 10,
    windowMs: 10_000,
    resetMs,
    onChange: (state) => void changes.push(state),
    ...more,
  });
  return { breaker, changes };
}

async function report(breaker: Breaker, results: { succeeded?: number; failed?: number }): Promise<void> {
  for (let n = 0; n < (results.succeeded ?? 0); n += 1) breaker.admit()!.succeeded();
  await settle();
  for (let n = 0; n < (results.failed ?? 0); n += 1) breaker.admit()?.failed();
  await settle();
}

/** Lets promises that are settled already be noticed. */
const settle = async (): Promise<void> => void (await vi.advanceTimersByTimeAsync(0));

async function opened(more: Parameters<typeof setUp>[0] = {}) {
  const made = setUp(more);
  await report(made.breaker, { failed: 10 });
  return made;
}

async function halfOpened(more: Parameters<typeof setUp>[0] = {}) {
  const made = await opened(more);
  await vi.advanceTimersByTimeAsync(more.resetMs ?? resetMs);
  return made;
}

test("it opens when the share of failed calls reaches the percentage", async () => {
  const { breaker, changes } = setUp();
  await report(breaker, { succeeded: 5, failed: 4 });
  expect(breaker.state()).toBe("closed");
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("open");
  expect(breaker.admit()).toBeUndefined();
  expect(changes).toEqual(["open"]);
});

test("a percentage of 100 is reached when every call fails", async () => {
  const { breaker } = setUp({ errorPercentage: 100 });
  await report(breaker, { failed: 10 });
  expect(breaker.state()).toBe("open");
});

test("it stays closed below the percentage", async () => {
  const { breaker } = setUp();
  await report(breaker, { succeeded: 11, failed: 10 });
  expect(breaker.state()).toBe("closed");
});

test("it stays closed below the smallest number of calls", async () => {
  const { breaker } = setUp();
  await report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
});

test("failures older than the window are forgotten", async () => {
  const { breaker } = setUp();
  await report(breaker, { failed: 9 });
  await vi.advanceTimersByTimeAsync(11_000);
  await report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
});

test("streams in flight do not blind it", async () => {
  const { breaker } = setUp();
  const streams = Array.from({ length: 100 }, () => breaker.admit()!);
  expect(streams).toHaveLength(100);
  await report(breaker, { failed: 10 });
  expect(breaker.state()).toBe("open");
});

test("failures reported all at once open it once, and it still becomes half-open", async () => {
  const { breaker, changes } = setUp();
  const tickets = Array.from({ length: 30 }, () => breaker.admit()!);
  for (const ticket of tickets) ticket.failed();
  await vi.advanceTimersByTimeAsync(resetMs);
  expect(changes).toEqual(["open", "half-open"]);
});

test("a client that leaves counts neither as success nor as failure", async () => {
  const { breaker } = setUp();
  for (let n = 0; n < 100; n += 1) breaker.admit()!.abandoned();
  await report(breaker, { failed: 9 });
  expect(breaker.state()).toBe("closed");
  await report(breaker, { failed: 1 });
  expect(breaker.state()).toBe("open");
});

test("only the first report of a ticket counts", async () => {
  const { breaker } = setUp();
  for (let n = 0; n < 5; n += 1) {
    const ticket = breaker.admit()!;
    ticket.failed();
    ticket.failed();
  }
  await settle();
  expect(breaker.state()).toBe("closed");
  await report(breaker, { failed: 5 });
  expect(breaker.state()).toBe("open");
});

test("it becomes half-open after the reset time and says how long that is", async () => {
  const { breaker, changes } = await opened();
  expect(breaker.retryAfterMs()).toBe(resetMs);
  await vi.advanceTimersByTimeAsync(resetMs - 1);
  expect(breaker.state()).toBe("open");
  expect(breaker.retryAfterMs()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(breaker.state()).toBe("half-open");
  expect(breaker.retryAfterMs()).toBe(0);
  expect(changes).toEqual(["open", "half-open"]);
});

test("of 20 calls in the half-open state one is let through", async () => {
  const { breaker } = await halfOpened();
  const admitted = Array.from({ length: 20 }, () => breaker.admit()).filter((ticket) => ticket !== undefined);
  expect(admitted).toHaveLength(1);
});

test("a probe that succeeds closes it", async () => {
  const { breaker, changes } = await halfOpened();
  breaker.admit()!.succeeded();
  expect(breaker.admit()).toBeUndefined();
  await settle();
  expect(breaker.state()).toBe("closed");
  expect(breaker.admit()).toBeDefined();
  expect(changes).toEqual(["open", "half-open", "closed"]);
});

test("a probe that fails opens it again for the whole reset time", async () => {
  const { breaker, changes } = await halfOpened();
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("open");
  await vi.advanceTimersByTimeAsync(resetMs - 1);
  expect(breaker.state()).toBe("open");
  await vi.advanceTimersByTimeAsync(1);
  expect(changes).toEqual(["open", "half-open", "open", "half-open"]);
});

test("a probe whose client leaves neither closes nor blocks it", async () => {
  const { breaker } = await halfOpened();
  breaker.admit()!.abandoned();
  expect(breaker.state()).toBe("half-open");
  const next = breaker.admit();
  expect(next).toBeDefined();
  expect(breaker.admit()).toBeUndefined();
  next!.succeeded();
  await settle();
  expect(breaker.state()).toBe("closed");
});

test("a probe abandoned twice frees its place once", async () => {
  const { breaker } = await halfOpened();
  const probe = breaker.admit()!;
  probe.abandoned();
  expect(breaker.admit()).toBeDefined();
  probe.abandoned();
  expect(breaker.admit()).toBeUndefined();
});

test("calls admitted before it opened decide nothing when they end later", async () => {
  const { breaker } = setUp();
  const early = [breaker.admit()!, breaker.admit()!, breaker.admit()!];
  await report(breaker, { failed: 10 });
  early[0]!.succeeded();
  await settle();
  expect(breaker.state()).toBe("open");
  await vi.advanceTimersByTimeAsync(resetMs);
  early[1]!.succeeded();
  early[2]!.failed();
  await settle();
  expect(breaker.state()).toBe("half-open");
});

test("old failures do not count once it has closed again", async () => {
  const { breaker } = await halfOpened({ windowMs: 60_000, resetMs: 1000 });
  breaker.admit()!.succeeded();
  await settle();
  await report(breaker, { succeeded: 5, failed: 4 });
  expect(breaker.state()).toBe("closed");
});

test("streams that break after their head open it as calls that failed", async () => {
  const { breaker, changes } = setUp();
  await report(breaker, { succeeded: 10 });
  for (let n = 0; n < 4; n += 1) breaker.failedLate();
  expect(breaker.state()).toBe("closed");
  breaker.failedLate();
  expect(breaker.state()).toBe("open");
  expect(changes).toEqual(["open"]);
});

test("streams that break late do not open it below the smallest number of calls", async () => {
  const { breaker } = setUp();
  await report(breaker, { succeeded: 9 });
  for (let n = 0; n < 20; n += 1) breaker.failedLate();
  expect(breaker.state()).toBe("closed");
});

test("a stream that breaks late does not decide the half-open state", async () => {
  const { breaker } = await halfOpened({ windowMs: 60_000 });
  breaker.failedLate();
  expect(breaker.state()).toBe("half-open");
  expect(breaker.admit()).toBeDefined();
});

test("it follows another thread into each state without telling of it", async () => {
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

test("forced open it becomes half-open by itself and tells of that", async () => {
  const { breaker, changes } = setUp();
  breaker.force("open");
  await vi.advanceTimersByTimeAsync(resetMs);
  expect(changes).toEqual(["half-open"]);
});

test("forced closed it does not become half-open later", async () => {
  const { breaker, changes } = await opened();
  breaker.force("closed");
  await vi.advanceTimersByTimeAsync(10 * resetMs);
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["open"]);
});

test("forced half-open its probe decides and it tells of that", async () => {
  const { breaker, changes } = setUp();
  breaker.force("half-open");
  breaker.admit()!.succeeded();
  await settle();
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["closed"]);
});

test("the probe of a half-open state that another thread ended decides nothing", async () => {
  const { breaker } = await halfOpened();
  const probe = breaker.admit()!;
  breaker.force("open");
  probe.succeeded();
  await settle();
  expect(breaker.state()).toBe("open");
});

test("told of the state it is in, it changes nothing", async () => {
  const { breaker } = await opened();
  await vi.advanceTimersByTimeAsync(1000);
  breaker.force("open");
  expect(breaker.retryAfterMs()).toBe(resetMs - 1000);
});

test("shut down it leaves no timer behind and ignores what is still reported", async () => {
  const { breaker, changes } = setUp();
  const ticket = breaker.admit()!;
  await report(breaker, { failed: 10 });
  breaker.force("closed");
  breaker.shutdown();
  ticket.failed();
  breaker.failedLate();
  breaker.force("open");
  expect(vi.getTimerCount()).toBe(0);
  expect(breaker.state()).toBe("closed");
  expect(changes).toEqual(["open"]);
});

test("its timers do not keep the process alive", async () => {
  vi.useRealTimers();
  const before = process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const { breaker } = setUp();
  for (let n = 0; n < 10; n += 1) breaker.admit()!.failed();
  expect(breaker.state()).toBe("open");
  expect(process.getActiveResourcesInfo().filter((kind) => kind === "Timeout")).toHaveLength(before);
  breaker.shutdown();
});

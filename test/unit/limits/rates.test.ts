import { expect, test } from "vitest";
import { createRateMemory, createRates, type RateLimit } from "../../../src/limits/rates.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function setUp(limits: readonly RateLimit[], clock = createFakeClock()) {
  const memory = createRateMemory(limits.length);
  return { clock, memory, rates: createRates({ memory, clock, limits }) };
}

test("a key may use its whole minute at once and then has to wait", () => {
  const { rates } = setUp([{ requestsPerMinute: 3 }]);
  expect([1, 2, 3, 4].map(() => rates.take(0, 0).ok)).toEqual([true, true, true, false]);
});

test("a refused call is told to the millisecond when it may come again", () => {
  const { rates, clock } = setUp([{ requestsPerMinute: 60 }]);
  for (let n = 0; n < 60; n += 1) rates.take(0, 0);
  clock.advance(400);
  expect(rates.take(0, 0)).toMatchObject({ ok: false, exceeded: "requests", retryAfterMs: 600, tooLarge: false });
  clock.advance(599);
  expect(rates.take(0, 0).ok).toBe(false);
  clock.advance(1);
  expect(rates.take(0, 0).ok).toBe(true);
});

test("an allowance refills steadily and never above its limit", () => {
  const { rates, clock } = setUp([{ requestsPerMinute: 60 }]);
  for (let n = 0; n < 60; n += 1) rates.take(0, 0);
  clock.advance(2500);
  expect(rates.quota(0).requests).toEqual({ limit: 60, remaining: 2, resetMs: 57_500 });
  clock.advance(600_000);
  expect(rates.quota(0).requests).toEqual({ limit: 60, remaining: 60, resetMs: 0 });
});

test("over a long time exactly the limit is let through", () => {
  const { rates, clock } = setUp([{ requestsPerMinute: 90 }]);
  let passed = 0;
  for (let ms = 0; ms < 10 * 60_000; ms += 100) {
    if (rates.take(0, 0).ok) passed += 1;
    clock.advance(100);
  }
  expect(passed).toBeGreaterThanOrEqual(90 + 90 * 10 - 2);
  expect(passed).toBeLessThanOrEqual(90 + 90 * 10);
});

test("tokens are counted as well as requests", () => {
  const { rates } = setUp([{ requestsPerMinute: 10, tokensPerMinute: 1000 }]);
  expect(rates.take(0, 700)).toEqual({
    ok: true,
    quota: {
      requests: { limit: 10, remaining: 9, resetMs: 6000 },
      tokens: { limit: 1000, remaining: 300, resetMs: 42_000 },
    },
  });
  expect(rates.take(0, 301)).toMatchObject({ ok: false, exceeded: "tokens", retryAfterMs: 60 });
});

test("a call refused for its tokens uses up no request", () => {
  const { rates } = setUp([{ requestsPerMinute: 10, tokensPerMinute: 1000 }]);
  rates.take(0, 1000);
  rates.take(0, 1);
  expect(rates.quota(0).requests?.remaining).toBe(9);
});

test("a call refused for the number of requests uses up no tokens", () => {
  const { rates } = setUp([{ requestsPerMinute: 1, tokensPerMinute: 1000 }]);
  rates.take(0, 100);
  rates.take(0, 100);
  expect(rates.quota(0).tokens?.remaining).toBe(900);
});

test("a call larger than a minute's tokens is told that waiting is useless and uses up nothing", () => {
  const { rates } = setUp([{ requestsPerMinute: 10, tokensPerMinute: 1000 }]);
  expect(rates.take(0, 1001)).toMatchObject({ ok: false, exceeded: "tokens", tooLarge: true });
  expect(rates.quota(0)).toMatchObject({ requests: { remaining: 10 }, tokens: { remaining: 1000 } });
});

test("a call of exactly a minute's tokens is let through", () => {
  const { rates } = setUp([{ tokensPerMinute: 1000 }]);
  expect(rates.take(0, 1000).ok).toBe(true);
});

test("tokens settled afterwards may use up more than there is, and the next call waits for it", () => {
  const { rates, clock } = setUp([{ tokensPerMinute: 600 }]);
  rates.take(0, 600);
  rates.settle(0, 100);
  expect(rates.quota(0).tokens).toEqual({ limit: 600, remaining: 0, resetMs: 70_000 });
  expect(rates.take(0, 0)).toMatchObject({ ok: false, exceeded: "tokens", retryAfterMs: 10_000 });
  clock.advance(10_000);
  expect(rates.take(0, 0).ok).toBe(true);
});

test("settling a key whose tokens are not limited changes nothing", () => {
  const { rates } = setUp([{ requestsPerMinute: 2 }]);
  rates.settle(0, 1_000_000);
  expect(rates.take(0, 0).ok).toBe(true);
});

test("a key without limits is never refused and has no quota to show", () => {
  const { rates } = setUp([{}]);
  for (let n = 0; n < 1000; n += 1) expect(rates.take(0, 1_000_000)).toEqual({ ok: true, quota: {} });
});

test("one key's use does not touch another's", () => {
  const { rates } = setUp([{ requestsPerMinute: 1 }, { requestsPerMinute: 1 }]);
  rates.take(0, 0);
  expect(rates.take(1, 0).ok).toBe(true);
});

test("all threads of a node draw on the same allowance", () => {
  const limits = [{ requestsPerMinute: 2, tokensPerMinute: 100 }];
  const { rates, memory, clock } = setUp(limits);
  const other = createRates({ memory, clock, limits });
  rates.take(0, 10);
  other.take(0, 10);
  expect(rates.take(0, 10)).toMatchObject({ ok: false, exceeded: "requests" });
  expect(other.quota(0).tokens?.remaining).toBe(80);
});

test("a thread whose clock is a little behind neither gains nor loses", () => {
  const limits = [{ requestsPerMinute: 60 }];
  const { rates, memory } = setUp(limits, createFakeClock(1_000_050));
  const behind = createRates({ memory, clock: createFakeClock(1_000_000), limits });
  for (let n = 0; n < 30; n += 1) rates.take(0, 0);
  expect(behind.quota(0).requests?.remaining).toBe(29);
  for (let n = 0; n < 29; n += 1) expect(behind.take(0, 0).ok).toBe(true);
  expect(rates.take(0, 0).ok).toBe(true);
});

test("a new limit keeps the share that was used", () => {
  const { rates, memory, clock } = setUp([{ requestsPerMinute: 100 }]);
  for (let n = 0; n < 50; n += 1) rates.take(0, 0);
  const later = createRates({ memory, clock, limits: [{ requestsPerMinute: 10 }] });
  expect(later.quota(0).requests?.remaining).toBe(5);
});

test("tokens at 100 million a minute are counted one by one", () => {
  const { rates } = setUp([{ tokensPerMinute: 100_000_000 }]);
  for (let n = 0; n < 1000; n += 1) rates.take(0, 1);
  expect(rates.quota(0).tokens?.remaining).toBe(100_000_000 - 1000);
});

test("whether tokens need counting can be asked", () => {
  const { rates } = setUp([{ requestsPerMinute: 1 }, { tokensPerMinute: 1 }]);
  expect([0, 1].map((key) => rates.limitsTokens(key))).toEqual([false, true]);
});

test("limits that are not above 0, too many keys and unknown keys are refused", () => {
  expect(() => setUp([{ requestsPerMinute: 0 }])).toThrow(/A rate limit is 0 per minute/u);
  expect(() => createRateMemory(0)).toThrow(/There are 0 keys/u);
  const memory = createRateMemory(1);
  const clock = createFakeClock();
  expect(() => createRates({ memory, clock, limits: [{}, {}] })).toThrow(/room for 1/u);
  expect(() => createRates({ memory, clock, limits: [{}] }).take(1, 0)).toThrow(/There is no key 1/u);
});

import { expect, test } from "vitest";
import { createBreaker, type BreakerState } from "../../../src/limits/breaker.ts";
import { createForcedBreakers, type ForcedBreaker } from "../../../src/limits/forced-breakers.ts";
import { createProbeMemory, probeSlot } from "../../../src/limits/probe-slots.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function setUp() {
  const clock = createFakeClock();
  const changes: BreakerState[] = [];
  const forced = createForcedBreakers(() => clock.now());
  const counting = createBreaker({
    name: "openai",
    clock,
    errorPercentage: 50,
    minimumCalls: 2,
    windowMs: 10_000,
    resetMs: 1000,
    probe: probeSlot(createProbeMemory(), "openai", 0),
    onChange: (state) => void changes.push(state),
  });
  return { breaker: forced.around("openai", counting), forced, changes, clock };
}

const startMs = createFakeClock().now();

function held(state: "open" | "closed", forMs = 60_000): ForcedBreaker {
  return { upstream: "openai", state, sinceMs: startMs, untilMs: startMs + forMs, by: "a test" };
}

test("one that is forced open lets no call through, and says when it ends", () => {
  const { breaker, forced, clock } = setUp();
  forced.set([held("open")]);
  clock.advance(10_000);
  expect([breaker.state(), breaker.admit(), breaker.retryAfterMs()]).toEqual(["open", undefined, 50_000]);
});

test("one that is forced closed lets calls through however many fail, also one that was open", () => {
  const { breaker, forced, changes } = setUp();
  for (let call = 0; call < 2; call += 1) breaker.admit()?.failed();
  expect([breaker.state(), changes]).toEqual(["open", ["open"]]);
  forced.set([held("closed")]);
  for (let call = 0; call < 50; call += 1) {
    breaker.admit()!.failed();
    breaker.failedLate();
  }
  expect([breaker.state(), breaker.retryAfterMs(), changes]).toEqual(["closed", 0, ["open"]]);
});

test("one that is released is closed and counts anew", () => {
  const { breaker, forced, changes } = setUp();
  breaker.admit()!.failed();
  forced.set([held("open")]);
  forced.set([]);
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("closed");
  breaker.admit()!.failed();
  expect([breaker.state(), changes]).toEqual(["open", ["open"]]);
});

test("a call that was let through before says nothing about one that is forced, or released again", () => {
  const { breaker, forced } = setUp();
  const before = [breaker.admit()!, breaker.admit()!];
  forced.set([held("closed")]);
  before[0]?.failed();
  forced.set([]);
  before[1]?.failed();
  breaker.admit()!.failed();
  expect(breaker.state()).toBe("closed");
});

test("it does not follow others as long as it is forced", () => {
  const { breaker, forced } = setUp();
  forced.set([held("closed")]);
  breaker.force("open");
  forced.set([]);
  expect(breaker.state()).toBe("closed");
});

test("one that is forced for longer is as it is", () => {
  const { breaker, forced } = setUp();
  forced.set([held("open")]);
  forced.set([held("open", 90_000)]);
  expect([breaker.state(), breaker.retryAfterMs()]).toEqual(["open", 90_000]);
});

test("the breaker of another upstream is as it is", () => {
  const { breaker, forced } = setUp();
  forced.set([{ ...held("open"), upstream: "other" }]);
  expect(breaker.state()).toBe("closed");
});

import { describe, expect, test } from "vitest";
import { createOverload } from "../../../src/limits/overload.ts";

/** An event loop: time passes in its turns, and timers that fell due run between them. */
function createLoop() {
  let nowMs = 1000;
  const timers = new Set<{ readonly dueMs: number; task(): void }>();
  return {
    pending: () => timers.size,
    pass: (ms: number) => void (nowMs += ms),
    runDue(): void {
      for (const timer of timers) {
        if (timer.dueMs > nowMs) continue;
        timers.delete(timer);
        timer.task();
      }
    },
    clock: {
      now: () => nowMs,
      wake(delayMs: number, task: () => void) {
        const timer = { dueMs: nowMs + delayMs, task };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
  };
}

function setUp(maxLagMs = 50) {
  const loop = createLoop();
  const overload = createOverload(loop.clock, () => maxLagMs);
  /** One turn of the event loop that is busy for so long with requests; says how many of them, one a millisecond, were late. */
  const turn = (busyMs: number): number => {
    let late = 0;
    for (let ms = 0; ms < busyMs; ms += 1) {
      if (overload.isLate()) late += 1;
      loop.pass(1);
    }
    loop.runDue();
    return late;
  };
  return { loop, turn };
}

describe("an event loop", () => {
  test("takes everything while its turns are short", () => {
    const { turn } = setUp();
    expect(Array.from({ length: 20 }, () => turn(40))).toEqual(Array(20).fill(0));
  });

  test("takes everything in a single long turn, as when garbage is collected", () => {
    const { turn } = setUp();
    expect([turn(20), turn(500), turn(20), turn(500), turn(20)]).toEqual([0, 0, 0, 0, 0]);
  });

  test("refuses what waited too long, once its turns were long three times in a row", () => {
    const { turn } = setUp();
    expect([turn(100), turn(100), turn(100)]).toEqual([0, 0, 0]);
    expect([turn(100), turn(200)]).toEqual([49, 149]);
  });

  test("takes everything again after a short turn", () => {
    const { turn } = setUp();
    for (let turns = 0; turns < 5; turns += 1) turn(100);
    expect(turn(40)).toBe(0);
    expect(turn(100)).toBe(0);
  });

  test("is not looked at any more when there are no requests", () => {
    const { loop, turn } = setUp();
    turn(1);
    for (let look = 0; look < 200; look += 1) {
      loop.pass(10);
      loop.runDue();
    }
    expect(loop.pending()).toBe(0);
  });

  test("refuses nothing without a limit", () => {
    const { turn } = setUp(Infinity);
    expect(Array.from({ length: 6 }, () => turn(500))).toEqual(Array(6).fill(0));
  });
});

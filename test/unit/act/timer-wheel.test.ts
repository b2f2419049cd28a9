import { describe, expect, test } from "vitest";
import { createTimer, createWheel, type Timer, type Wheel } from "../../../src/act/timer-wheel.ts";
import { createBusyClock, type BusyClock } from "../../support/clocks/busy-clock.ts";

const startMs = 1_000_000;

type Setup = {
  readonly clock: BusyClock;
  readonly wheel: Wheel;
  /** Names of the timers in the order in which they fired, with the time since the start. */
  readonly fired: [name: string, atMs: number][];
  timer(name: string, then?: () => void): Timer;
  /** Arms a new timer so many milliseconds after the start. */
  arm(name: string, atMs: number, then?: () => void): Timer;
};

function setUp(firstMs = startMs): Setup {
  const clock = createBusyClock(firstMs);
  const wheel = createWheel(clock);
  const fired: [string, number][] = [];
  const timer = (name: string, then?: () => void): Timer =>
    createTimer((nowMs) => {
      fired.push([name, nowMs - startMs]);
      then?.();
    });
  const arm = (name: string, atMs: number, then?: () => void): Timer => {
    const made = timer(name, then);
    wheel.arm(made, startMs + atMs);
    return made;
  };
  return { clock, wheel, fired, timer, arm };
}

const namesOf = ({ fired }: Setup): string[] => fired.map(([name]) => name);

describe("when a timer fires", () => {
  test("a timer fires at its time, once", () => {
    const { clock, arm, fired } = setUp();
    arm("a", 10);
    clock.advance(9);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([["a", 10]]);
    clock.advance(10_000);
    expect(fired).toHaveLength(1);
  });

  test("a timer between two ticks fires by the later one, never early", () => {
    const { clock, arm, fired } = setUp();
    arm("a", 10.2);
    clock.advance(10.1);
    expect(fired).toEqual([]);
    clock.advance(5);
    expect(fired).toEqual([["a", 11]]);
  });

  test("a timer fires at most a millisecond late, also when the clock itself stands between two ticks", () => {
    const { clock, arm, fired } = setUp(startMs + 0.5);
    arm("a", 10.6);
    clock.advance(20);
    expect(fired[0]![1]).toBeGreaterThanOrEqual(10.6);
    expect(fired[0]![1]).toBeLessThanOrEqual(11.6);
  });

  test("a wake-up of the system that comes early fires nothing, and the timer still fires at its time", () => {
    const { clock, fired } = setUp();
    let earlyMs = 3;
    const wheel = createWheel({ now: clock.now, wake: (delayMs, task) => clock.wake(delayMs - earlyMs, task) });
    wheel.arm(
      createTimer((nowMs) => fired.push(["a", nowMs - startMs])),
      startMs + 10,
    );
    earlyMs = 0;
    clock.advance(7);
    expect(fired).toEqual([]);
    clock.advance(20);
    expect(fired).toEqual([["a", 10]]);
  });

  test.each([0, -1, -5000])("a timer armed for %i ms from now fires at once, but not before arm returns", (delayMs) => {
    const { clock, arm, fired } = setUp();
    arm("turns the wheel", 10_000);
    clock.advance(10_000);
    arm("a", 10_000 + delayMs);
    expect(fired).toHaveLength(1);
    clock.advance(0);
    expect(fired[1]).toEqual(["a", 10_000]);
  });

  test.each([2047, 2048, 2049, 4096, 10_000, 600_000])("a timer %i ms away fires at its time", (delayMs) => {
    const { clock, arm, fired } = setUp();
    arm("a", delayMs);
    clock.advance(delayMs - 1);
    expect(fired).toEqual([]);
    clock.advance(1);
    expect(fired).toEqual([["a", delayMs]]);
  });

  test("timers of different rounds in the same slot fire each in its own", () => {
    const { clock, arm, fired } = setUp();
    arm("third", 100 + 2 * 2048);
    arm("first", 100);
    arm("second", 100 + 2048);
    clock.advance(10_000);
    expect(fired).toEqual([
      ["first", 100],
      ["second", 2148],
      ["third", 4196],
    ]);
  });
});

describe("the order of timers", () => {
  test("timers fire in the order of their times, whatever the order of arming", () => {
    const all = setUp();
    for (const atMs of [30, 10, 3000, 20, 5, 2500]) all.arm(String(atMs), atMs);
    all.clock.advance(5000);
    expect(namesOf(all)).toEqual(["5", "10", "20", "30", "2500", "3000"]);
  });

  test("timers of the same time fire in the order of arming", () => {
    const all = setUp();
    for (const name of ["a", "b", "c"]) all.arm(name, 10);
    all.clock.advance(10);
    expect(namesOf(all)).toEqual(["a", "b", "c"]);
  });

  test("all timers that fell due while the event loop was busy fire in the order of their times", () => {
    const all = setUp();
    for (const atMs of [1500, 7, 900, 2000, 8]) all.arm(String(atMs), atMs);
    all.clock.block(2001);
    expect(all.fired).toEqual([
      ["7", 2001],
      ["8", 2001],
      ["900", 2001],
      ["1500", 2001],
      ["2000", 2001],
    ]);
  });

  test("no timer is lost when the event loop was busy for longer than a round", () => {
    const all = setUp();
    for (const atMs of [1, 2047, 2048, 2049, 5000, 9000]) all.arm(String(atMs), atMs);
    all.clock.block(6000);
    expect(namesOf(all).sort((a, b) => Number(a) - Number(b))).toEqual(["1", "2047", "2048", "2049", "5000"]);
    all.clock.advance(3000);
    expect(all.fired.at(-1)).toEqual(["9000", 9000]);
  });
});

describe("arming again and disarming", () => {
  test("arming an armed timer moves it, later or earlier", () => {
    const { clock, wheel, arm, fired } = setUp();
    const later = arm("later", 10);
    const earlier = arm("earlier", 500);
    wheel.arm(later, startMs + 50);
    wheel.arm(earlier, startMs + 20);
    expect(wheel.size()).toBe(2);
    clock.advance(5000);
    expect(fired).toEqual([
      ["earlier", 20],
      ["later", 50],
    ]);
  });

  test("a timer can be armed again when it fires, and keeps its rhythm", () => {
    const { clock, wheel, fired } = setUp();
    const timer = createTimer((nowMs) => {
      fired.push(["tick", nowMs - startMs]);
      if (fired.length < 4) wheel.arm(timer, startMs + fired.length * 15);
    });
    wheel.arm(timer, startMs);
    clock.advance(1000);
    expect(fired.map(([, atMs]) => atMs)).toEqual([0, 15, 30, 45]);
  });

  test("a timer armed for now by one that fires waits for the next turn", () => {
    const { clock, wheel, arm, fired, timer } = setUp();
    const second = timer("second");
    arm("first", 10, () => {
      wheel.arm(second, startMs + 10);
      expect(fired).toHaveLength(1);
    });
    clock.advance(10);
    expect(fired).toEqual([
      ["first", 10],
      ["second", 10],
    ]);
  });

  test("a disarmed timer never fires", () => {
    const { clock, wheel, arm, fired } = setUp();
    const near = arm("near", 10);
    const far = arm("far", 5000);
    wheel.disarm(near);
    wheel.disarm(far);
    clock.advance(20_000);
    expect(fired).toEqual([]);
  });

  test.each(["bc", "cb", "ba", "ab", "ad", "da", "cd", "dc"])(
    "disarming %s of a slot leaves its others armed",
    (names) => {
      const all = setUp();
      const timers = new Map(["a", "b", "c", "d"].map((name) => [name, all.arm(name, 10)]));
      for (const name of names) all.wheel.disarm(timers.get(name)!);
      all.clock.advance(10);
      expect(namesOf(all)).toEqual(["a", "b", "c", "d"].filter((name) => !names.includes(name)));
    },
  );

  test("a timer can be disarmed by another one of the same tick", () => {
    const all = setUp();
    const victims: Timer[] = [];
    all.arm("first", 10, () => victims.forEach((victim) => all.wheel.disarm(victim)));
    victims.push(all.arm("second", 10), all.arm("third", 2058));
    all.clock.block(4000);
    expect(namesOf(all)).toEqual(["first"]);
    expect(all.wheel.size()).toBe(0);
  });

  test("a timer can be moved by another one of the same tick, and then fires only at its new time", () => {
    const { clock, wheel, arm, fired } = setUp();
    const moved: Timer[] = [];
    arm("first", 10, () => wheel.arm(moved[0]!, startMs + 40));
    moved.push(arm("second", 10));
    clock.advance(100);
    expect(fired).toEqual([
      ["first", 10],
      ["second", 40],
    ]);
  });

  test("a timer moved to now by another one of the same tick fires once", () => {
    const { clock, wheel, arm, fired } = setUp();
    const moved: Timer[] = [];
    arm("first", 10, () => wheel.arm(moved[0]!, startMs + 10));
    moved.push(arm("second", 10));
    clock.advance(100);
    expect(fired).toEqual([
      ["first", 10],
      ["second", 10],
    ]);
    expect(wheel.size()).toBe(0);
  });

  test("disarming a timer that is not armed has no effect", () => {
    const { clock, wheel, arm, fired, timer } = setUp();
    wheel.disarm(timer("never armed"));
    const once = arm("once", 10);
    arm("other", 20);
    clock.advance(10);
    wheel.disarm(once);
    wheel.disarm(once);
    expect(wheel.size()).toBe(1);
    clock.advance(10);
    expect(fired).toHaveLength(2);
  });

  test("a timer can be armed after it was disarmed", () => {
    const { clock, wheel, arm, fired } = setUp();
    const timer = arm("a", 10);
    wheel.disarm(timer);
    wheel.arm(timer, startMs + 30);
    clock.advance(30);
    expect(fired).toEqual([["a", 30]]);
  });
});

describe("what a wheel costs", () => {
  test("a wheel holds one system timer at most, however many timers are armed", () => {
    const { clock, wheel, arm } = setUp();
    expect(clock.pending()).toBe(0);
    const timers = Array.from({ length: 500 }, (_, index) => arm(String(index), ((index * 7919) % 6000) + 1));
    expect(clock.pending()).toBe(1);
    for (let step = 0; step < 60; step += 1) {
      clock.advance(50);
      wheel.arm(timers[step]!, clock.now() + 13);
      wheel.disarm(timers[step + 100]!);
      expect(clock.pending()).toBe(1);
    }
    clock.advance(10_000);
    expect(wheel.size()).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  test("a wheel that is stopped has no system timer, and fires nothing, also what is armed later", () => {
    const { clock, wheel, arm, fired } = setUp();
    arm("a", 10);
    wheel.stop();
    expect(clock.pending()).toBe(0);
    arm("b", 20);
    expect(clock.pending()).toBe(0);
    clock.advance(100);
    expect(fired).toEqual([]);
  });

  test("size counts the timers that are armed", () => {
    const { clock, wheel, arm } = setUp();
    expect(wheel.size()).toBe(0);
    const first = arm("a", 10);
    arm("b", 20);
    arm("c", 3000);
    expect(wheel.size()).toBe(3);
    wheel.disarm(first);
    expect(wheel.size()).toBe(2);
    clock.advance(20);
    expect(wheel.size()).toBe(1);
    clock.advance(3000);
    expect(wheel.size()).toBe(0);
  });
});

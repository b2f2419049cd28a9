import { describe, expect, test } from "vitest";
import { createOverload } from "../../../src/limits/overload.ts";
import { createTurnClock } from "../../support/clocks/turn-clock.ts";

function setUp(maxLagMs = 50) {
  const clock = createTurnClock();
  const floods: number[] = [];
  const overload = createOverload({
    clock,
    maxLagMs: () => maxLagMs,
    flooded: () => void floods.push(clock.now()),
  });
  /** One turn of the event loop with so many requests, each a millisecond of work; says how many were late. */
  const turn = (requests: number): number => {
    let late = 0;
    for (let request = 0; request < requests; request += 1) {
      clock.pass(1);
      if (overload.isLate()) late += 1;
    }
    clock.endTurn();
    return late;
  };
  /** One turn that is busy with something else. */
  const pause = (ms: number): void => {
    clock.pass(ms);
    clock.endTurn();
  };
  /** Holds so many connections, and notes the number of each that is released. */
  const hold = (count: number) => {
    const released: number[] = [];
    const forget = Array.from({ length: count }, (_, each) => overload.hold(() => void released.push(each)));
    return { released, forget };
  };
  const makeOverloaded = (): void => void Array.from({ length: 3 }, () => turn(100));
  return { clock, overload, floods, turn, pause, hold, makeOverloaded };
}

describe("an event loop", () => {
  test("takes everything while its turns are short", () => {
    const { turn } = setUp();
    expect(Array.from({ length: 20 }, () => turn(40))).toEqual(Array(20).fill(0));
  });

  test("takes everything in a single long turn", () => {
    const { turn } = setUp();
    expect([turn(20), turn(500), turn(20), turn(500), turn(20)]).toEqual([0, 0, 0, 0, 0]);
  });

  test("refuses what waited too long, once its turns were long three times in a row", () => {
    const { turn } = setUp();
    expect([turn(100), turn(100), turn(100)]).toEqual([0, 0, 0]);
    expect(turn(100)).toBe(50);
  });

  test("takes everything again after a short turn", () => {
    const { turn } = setUp();
    for (let turns = 0; turns < 5; turns += 1) turn(100);
    expect(turn(40)).toBe(0);
    expect(turn(100)).toBe(0);
  });

  test("refuses at most one request for ten that it handles, but for a hundred at first", () => {
    const { turn } = setUp();
    let refused = 0;
    for (let turns = 0; turns < 100; turns += 1) refused += turn(300);
    expect(refused).toBeGreaterThan(100);
    expect(refused).toBeLessThanOrEqual(100 + (100 * 300 - refused) / 10);
  });

  test("is not looked at any more when there are no requests and nothing is held", () => {
    const { clock, turn } = setUp();
    turn(1);
    for (let look = 0; look < 200; look += 1) {
      clock.pass(10);
      clock.endTurn();
    }
    expect(clock.pending()).toBe(0);
  });

  test("refuses nothing without a limit", () => {
    const { floods, turn } = setUp(Infinity);
    expect(Array.from({ length: 6 }, () => turn(500))).toEqual(Array(6).fill(0));
    expect(floods).toEqual([]);
  });
});

describe("a flood", () => {
  test("is told of while the turn still lasts, once in it", () => {
    const { clock, floods, turn } = setUp();
    const beganMs = clock.now() + 1;
    turn(1000);
    expect(floods).toEqual([beganMs + 151]);
    turn(1000);
    expect(floods).toHaveLength(2);
  });

  test("is no pause, however long, as when garbage is collected", () => {
    const { clock, floods, overload, turn } = setUp();
    turn(1);
    for (let pauses = 0; pauses < 2; pauses += 1) {
      clock.pass(1000);
      overload.isLate();
    }
    expect(floods).toEqual([]);
  });

  test("is told of when no more may be refused", () => {
    const { floods, turn, makeOverloaded } = setUp();
    makeOverloaded();
    for (let turns = 0; floods.length === 0 && turns < 10; turns += 1) expect(turn(140)).toBeGreaterThan(0);
    expect(floods).toHaveLength(1);
  });
});

describe("connections that are held", () => {
  test("stay so while turns are long, but for one for every fifty requests, the one that waited longest first", () => {
    const { turn, hold, makeOverloaded } = setUp();
    makeOverloaded();
    const { released } = hold(100);
    turn(100);
    turn(100);
    expect(released).toEqual([0, 1]);
  });

  test("are released ever faster while the loop has time, the latest first", () => {
    const { pause, hold } = setUp();
    const { released } = hold(1000);
    const counts = Array.from({ length: 4 }, () => {
      pause(10);
      return released.length;
    });
    expect(counts).toEqual([8, 24, 56, 120]);
    expect(released.slice(0, 3)).toEqual([999, 998, 997]);
  });

  test("are released the fewer, the longer a turn is", () => {
    const after = [20, 30, 49].map((requests) => {
      const { turn, hold } = setUp();
      const { released } = hold(1000);
      turn(requests);
      return released.length;
    });
    expect(after).toEqual([8, 5, 3]);
  });

  test("are all released in the end when the requests have ended", () => {
    const { clock, pause, hold, makeOverloaded } = setUp();
    makeOverloaded();
    const { released } = hold(5000);
    for (let looks = 0; looks < 200; looks += 1) pause(10);
    expect(released).toHaveLength(5000);
    expect(clock.pending()).toBe(0);
  });

  test("are not released once they are forgotten", () => {
    const { pause, hold } = setUp();
    const { released, forget } = hold(3);
    forget[1]?.();
    pause(10);
    expect(released).toEqual([2, 0]);
  });

  test("are released at the end, after which nothing is held or refused", () => {
    const { overload, turn, hold, makeOverloaded } = setUp();
    makeOverloaded();
    const before = hold(3);
    overload.end();
    expect(before.released).toEqual([2, 1, 0]);
    expect(hold(1).released).toEqual([0]);
    expect(turn(500)).toBe(0);
  });
});

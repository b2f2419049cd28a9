import { expect, test } from "vitest";
import { createFakeClock, steered } from "../../../src/testing/clock.ts";

test("nothing that waits is woken before its time has been told", async () => {
  const clock = steered(createFakeClock(0));
  const woken: string[] = [];
  clock.wake(20, () => void woken.push("late"));
  clock.wake(10, () => void woken.push("early"));
  await clock.advance(9);
  expect(woken).toEqual([]);
  await clock.advance(1);
  expect(woken).toEqual(["early"]);
  await clock.advance(10);
  expect(woken).toEqual(["early", "late"]);
});

test("what is woken sees its own time, and may ask to be woken again on the way", async () => {
  const clock = steered(createFakeClock(0));
  const times: number[] = [];
  const again = (): void => {
    times.push(clock.now());
    if (times.length < 3) clock.wake(5, again);
  };
  clock.wake(5, again);
  await clock.advance(100);
  expect([times, clock.now(), clock.pending()]).toEqual([[5, 10, 15], 100, 0]);
});

test("what asks only for its turn gets it, although time stands still", async () => {
  const clock = steered(createFakeClock());
  await new Promise<void>((resolve) => void clock.wake(0, resolve));
  expect(clock.pending()).toBe(0);
});

test("what is cancelled is not woken", async () => {
  const clock = steered(createFakeClock());
  let isWoken = false;
  clock.wake(1, () => void (isWoken = true))();
  await clock.advance(2);
  expect(isWoken).toBe(false);
});

test.each([-1, Number.NaN, Infinity])("time does not move by %s", async (ms) => {
  await expect(createFakeClock().advance(ms)).rejects.toThrow(RangeError);
});

test("a clock that was made by something else is refused", () => {
  expect(() => steered({ now: () => 0, advance: async () => undefined, pending: () => 0 })).toThrow("createFakeClock");
});

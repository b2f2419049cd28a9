import { describe, expect, test } from "vitest";
import { createHeld } from "../../../src/limits/held.ts";

function holdNumbers(count: number) {
  const held = createHeld();
  const released: number[] = [];
  const forget = Array.from({ length: count }, (_, each) => held.add(() => void released.push(each)));
  return { held, released, forget };
}

describe("what is held", () => {
  test("is released from either end, each once", () => {
    const { held, released } = holdNumbers(5);
    held.releaseFirst();
    held.releaseLatest(2);
    held.releaseFirst();
    held.releaseLatest(5);
    held.releaseFirst();
    expect(released).toEqual([0, 4, 3, 1, 2]);
  });

  test("does not count among those released when it was forgotten", () => {
    const { held, released, forget } = holdNumbers(5);
    for (const each of [0, 4]) forget[each]?.();
    held.releaseFirst();
    held.releaseLatest(1);
    expect(released).toEqual([1, 3]);
    expect(held.size()).toBe(1);
  });

  test("may be forgotten after it was released", () => {
    const { held, forget } = holdNumbers(2);
    held.releaseFirst();
    forget[0]?.();
    expect(held.size()).toBe(1);
  });

  test("keeps its order over thousands", () => {
    const { held, released } = holdNumbers(5000);
    for (let each = 0; each < 4000; each += 1) held.releaseFirst();
    held.add(() => void released.push(-1));
    held.releaseLatest(2);
    held.releaseFirst();
    expect(released.slice(3999)).toEqual([3999, -1, 4999, 4000]);
    expect(held.size()).toBe(998);
  });
});

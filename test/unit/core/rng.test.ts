import { describe, expect, test } from "vitest";
import { createRng, draw, hash32 } from "../../../src/core/rng.ts";

const keys = Array.from({ length: 20_000 }, (_, index) => `req-${(index * 2_654_435_761).toString(16)}-${index}`);

/** Four standard deviations of a binomial share: a right generator fails this once in 16,000 runs, and the seed is fixed. */
function tolerance(p: number): number {
  return 4 * Math.sqrt((p * (1 - p)) / keys.length);
}

describe("draw", () => {
  test.each([0.001, 0.01, 0.1, 0.5, 0.999])("falls below %d for that share of the request ids", (p) => {
    const observed = keys.filter((key) => draw(1, "flaky", key) < p).length / keys.length;
    expect(Math.abs(observed - p)).toBeLessThan(tolerance(p));
  });

  test.each([1, 2, 3, 4, 5])("is as fair for plain numbers as keys, seed %d", (seed) => {
    const observed = keys.filter((_, index) => draw(seed, "flaky", String(index)) < 0.1).length / keys.length;
    expect(Math.abs(observed - 0.1)).toBeLessThan(tolerance(0.1));
  });

  test("of one rule says nothing about the draw of another", () => {
    const both = keys.filter((key) => draw(1, "rule-1", key) < 0.3 && draw(1, "rule-2", key) < 0.3).length;
    expect(Math.abs(both / keys.length - 0.09)).toBeLessThan(tolerance(0.09));
  });

  test("of one seed says nothing about the draw of the next seed", () => {
    const both = keys.filter((key) => draw(1, "rule", key) < 0.3 && draw(2, "rule", key) < 0.3).length;
    expect(Math.abs(both / keys.length - 0.09)).toBeLessThan(tolerance(0.09));
  });

  test("and createRng never change: a seed in a log replays on every machine", () => {
    expect(draw(7, "flaky", "req-1")).toBe(draw(7, "flaky", "req-1"));
    expect([draw(7, "flaky", "req-1"), draw(7, "flaky", "req-2")]).toEqual([0.006129922345280647, 0.4600568020250648]);
    expect(Array.from({ length: 2 }, createRng(7))).toEqual([0.5204218453727663, 0.043908389285206795]);
  });

  test("tells apart where rule and key meet", () => {
    expect(draw(1, "ab", "c")).not.toBe(draw(1, "a", "bc"));
  });
});

describe("hash32", () => {
  test("changes half of its bits when one input bit changes", () => {
    let changed = 0;
    for (let index = 0; index < 2000; index += 1) {
      let difference = hash32("key", index) ^ hash32("key", index ^ 1);
      for (; difference !== 0; difference &= difference - 1) changed += 1;
    }
    expect(changed / 2000).toBeGreaterThan(15.5);
    expect(changed / 2000).toBeLessThan(16.5);
  });

  test("gives no two of 20,000 request ids the same value more often than chance does", () => {
    const distinct = new Set(keys.map((key) => hash32(key))).size;
    expect(keys.length - distinct).toBeLessThanOrEqual(2);
  });

  test("gives whole numbers from 0 to 2³² − 1", () => {
    for (const key of keys.slice(0, 1000)) {
      const hash = hash32(key);
      expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true);
    }
  });
});

describe("createRng", () => {
  test("repeats itself for the same seed and differs for another", () => {
    const [first, again, other] = [createRng(7), createRng(7), createRng(8)];
    const drawn = Array.from({ length: 100 }, first);
    expect(Array.from({ length: 100 }, again)).toEqual(drawn);
    expect(Array.from({ length: 100 }, other)).not.toEqual(drawn);
  });

  test("heeds the high bits of a large seed", () => {
    expect(createRng(1)()).not.toBe(createRng(1 + 2 ** 40)());
  });

  test("fills each tenth of 0 to 1 alike", () => {
    const rng = createRng(3);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let index = 0; index < 20_000; index += 1) tenths[Math.floor(rng() * 10)]! += 1;
    for (const count of tenths) expect(Math.abs(count / 20_000 - 0.1)).toBeLessThan(tolerance(0.1));
  });

  test("starts unlike its neighbours: the first draws of seeds 0, 1, 2 … are uniform", () => {
    const low = Array.from({ length: 20_000 }, (_, seed) => createRng(seed)()).filter((x) => x < 0.1).length;
    expect(Math.abs(low / 20_000 - 0.1)).toBeLessThan(tolerance(0.1));
  });
});

import { describe, expect, test } from "vitest";
import type { BudgetKind } from "../../../../src/core/budgets/windows.ts";
import { budgetCounts, createBudgetMemory, type BudgetCounts } from "../../../../src/limits/budgets/counts.ts";

const midnight = Date.UTC(2026, 10, 28);
const hourMs = 3_600_000;

function setUp(startMs = midnight - 1) {
  const memory = createBudgetMemory();
  const clock = { nowMs: startMs };
  const of = (name = "openai") => budgetCounts(memory, name, () => clock.nowMs);
  return { clock, of };
}

/** Whether an amount is taken of a limit. */
function takes(counts: BudgetCounts, kind: BudgetKind, [amount, limit]: readonly [number, number]): boolean {
  return counts.take(kind, { atLeast: amount, wanted: amount, limit }) !== undefined;
}

describe("windows", () => {
  test("a day is over at midnight UTC", () => {
    const { clock, of } = setUp();
    of().add("tokensPerDay", 500);
    expect(of().used("tokensPerDay")).toBe(500);
    clock.nowMs = midnight;
    expect(of().used("tokensPerDay")).toBe(0);
    of().add("tokensPerDay", 7);
    expect(of().used("tokensPerDay")).toBe(7);
  });

  test("an hour is over when the next one begins", () => {
    const { clock, of } = setUp(midnight);
    expect(takes(of(), "callsPerHour", [1, 1])).toBe(true);
    clock.nowMs = midnight + hourMs - 1;
    expect(takes(of(), "callsPerHour", [1, 1])).toBe(false);
    clock.nowMs += 1;
    expect(takes(of(), "callsPerHour", [1, 1])).toBe(true);
  });

  test("a clock that is set back over midnight does not give what was spent back", () => {
    const { clock, of } = setUp(midnight);
    of().add("tokensPerDay", 500);
    clock.nowMs = midnight - 1;
    expect(of().used("tokensPerDay")).toBe(500);
  });

  test("what was counted by a clock that was years ahead is forgotten", () => {
    const { clock, of } = setUp(midnight + 1000 * 24 * hourMs);
    of().add("tokensPerDay", 500);
    clock.nowMs = midnight;
    expect(of().used("tokensPerDay")).toBe(0);
  });
});

describe("what other nodes have used", () => {
  test("counts for the limit, and is told apart from what this one has", () => {
    const counts = setUp().of();
    counts.setOthers("callsPerHour", { used: 3, held: 0 });
    expect([takes(counts, "callsPerHour", [1, 4]), takes(counts, "callsPerHour", [1, 4])]).toEqual([true, false]);
    expect([counts.used("callsPerHour"), counts.own("callsPerHour")]).toEqual([4, 1]);
  });

  test("and what is held for them may not be taken, and is not told as used", () => {
    const counts = setUp().of();
    counts.setOthers("tokensPerDay", { used: 30, held: 50 });
    expect([takes(counts, "tokensPerDay", [21, 100]), takes(counts, "tokensPerDay", [20, 100])]).toEqual([false, true]);
    expect(counts.used("tokensPerDay")).toBe(50);
  });

  test("is over with its window", () => {
    const { clock, of } = setUp();
    of().setOthers("tokensPerDay", { used: 500, held: 0 });
    clock.nowMs = midnight;
    expect(of().used("tokensPerDay")).toBe(0);
  });
});

describe("amounts", () => {
  test("are what is left where more is wanted and less is enough", () => {
    const counts = setUp().of();
    expect(counts.take("tokensPerDay", { atLeast: 10, wanted: 60, limit: 100 })).toBe(60);
    expect(counts.take("tokensPerDay", { atLeast: 10, wanted: 60, limit: 100 })).toBe(40);
    expect(counts.take("tokensPerDay", { atLeast: 0, wanted: 60, limit: 100 })).toBeUndefined();
  });

  test("are taken up to the limit, and not beyond it", () => {
    const { of } = setUp();
    const counts = of();
    expect(takes(counts, "tokensPerDay", [90, 100])).toBe(true);
    expect(takes(counts, "tokensPerDay", [11, 100])).toBe(false);
    expect(takes(counts, "tokensPerDay", [10, 100])).toBe(true);
    expect(takes(counts, "tokensPerDay", [0, 100])).toBe(false);
    expect(counts.used("tokensPerDay")).toBe(100);
  });

  test("may pass the limit afterwards, and never fall below 0", () => {
    const { of } = setUp();
    of().add("tokensPerDay", 150);
    expect(of().used("tokensPerDay")).toBe(150);
    of().add("tokensPerDay", -200);
    expect(of().used("tokensPerDay")).toBe(0);
  });

  test("of money are counted to the hundred-millionth of a dollar", () => {
    const { of } = setUp();
    for (let count = 0; count < 10; count += 1) of().add("usdPerDay", 0.000_000_15);
    expect(of().used("usdPerDay")).toBe(0.000_001_5);
  });

  test("of upstreams are told apart by their names, and are the same wherever they are looked at", () => {
    const { of } = setUp();
    of("a").add("tokensPerDay", 1);
    of("b").add("tokensPerDay", 2);
    expect([of("a").used("tokensPerDay"), of("b").used("tokensPerDay")]).toEqual([1, 2]);
    expect(of("a").used("usdPerDay")).toBe(0);
  });

  test("beyond all slots are counted by each thread alone", () => {
    const { of } = setUp();
    for (let index = 0; index < 1024; index += 1) of(`upstream-${index}`);
    const counts = of("one more");
    expect(takes(counts, "callsPerHour", [1, 1])).toBe(true);
    expect(takes(counts, "callsPerHour", [1, 1])).toBe(false);
  });
});

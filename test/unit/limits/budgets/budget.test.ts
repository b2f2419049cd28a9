import { describe, expect, test } from "vitest";
import { createPriceList } from "../../../../src/core/prices/price-list.ts";
import type { BudgetSettings } from "../../../../src/core/budgets/types.ts";
import { createBudget, isTaken, type CallToPay, type Spending } from "../../../../src/limits/budgets/budget.ts";
import { budgetCounts, createBudgetMemory } from "../../../../src/limits/budgets/counts.ts";

const midnight = Date.UTC(2026, 10, 28);
const prices = createPriceList({ small: { input: 1, cachedInput: 0.5, output: 4 }, large: { input: 10, output: 50 } });
const call = (promptTokens = 0, model: string | undefined = "small"): CallToPay => ({
  model,
  promptTokens,
  asksModel: true,
});
const tokens = (prompt: number, output: number) => ({ prompt, cached: 0, written: 0, output });

function setUp(settings: Omit<BudgetSettings, "whenSpent">, startMs = midnight) {
  const clock = { nowMs: startMs };
  const wallClockMs = (): number => clock.nowMs;
  const counts = budgetCounts(createBudgetMemory(), "openai", wallClockMs);
  const budget = createBudget({
    upstream: "openai",
    settings: { whenSpent: "fail", ...settings },
    counts,
    prices,
    wallClockMs,
  });
  const taken = (wanted: CallToPay): Spending => {
    const begun = budget.begin(wanted);
    if (!isTaken(begun)) throw new Error(`The budget of ${begun.kind} is spent.`);
    return begun;
  };
  return { clock, counts, budget, taken };
}

test("the first call of a model takes its prompt and a guess of its response, and what it has used when it has ended", () => {
  const { counts, taken } = setUp({ tokensPerDay: 5000 });
  const spending = taken(call(100));
  expect(counts.used("tokensPerDay")).toBe(1100);
  spending.settle(tokens(120, 30));
  expect(counts.used("tokensPerDay")).toBe(150);
});

test("the first call of a model goes out where its prompt fits, and then holds all that is left until it has ended", () => {
  const { budget, taken } = setUp({ tokensPerDay: 500 });
  const first = taken(call(100));
  expect(isTaken(budget.begin(call(0)))).toBe(false);
  first.settle(tokens(100, 20));
  expect(isTaken(budget.begin(call(0)))).toBe(true);
});

test("later ones take what responses of their model hardly ever pass", () => {
  const { counts, taken } = setUp({ tokensPerDay: 100_000 });
  for (let count = 0; count < 40; count += 1) taken(call(0)).settle(tokens(0, count % 2 === 0 ? 90 : 110));
  const before = counts.used("tokensPerDay");
  const spending = taken(call(0));
  const reserved = counts.used("tokensPerDay") - before;
  expect(reserved).toBeGreaterThanOrEqual(110);
  expect(reserved).toBeLessThanOrEqual(130);
  spending.settle(tokens(0, 100));
  expect(counts.used("tokensPerDay")).toBe(before + 100);
});

test("a call whose response is not expected to fit is not taken, though its prompt would fit", () => {
  const { budget, taken } = setUp({ tokensPerDay: 300 });
  taken(call(0)).settle(tokens(0, 200));
  expect(isTaken(budget.begin(call(10)))).toBe(false);
});

test("a call that was refused by its upstream teaches nothing of responses", () => {
  const { counts, taken } = setUp({ tokensPerDay: 100_000 });
  taken(call(10)).settle(tokens(10, 400));
  taken(call(10)).settle(tokens(0, 0));
  const before = counts.used("tokensPerDay");
  taken(call(0));
  expect(counts.used("tokensPerDay") - before).toBe(800);
});

test("what asks no model reserves nothing for its response", () => {
  const { counts, taken } = setUp({ tokensPerDay: 5000 });
  taken({ model: "small", promptTokens: 0, asksModel: false });
  expect(counts.used("tokensPerDay")).toBe(0);
});

test("a call whose prompt alone would pass the limit is not taken, and a shorter one is", () => {
  const { budget, taken } = setUp({ tokensPerDay: 100 });
  taken(call(80)).settle(tokens(90, 0));
  expect(budget.begin(call(11))).toEqual({
    upstream: "openai",
    kind: "tokensPerDay",
    limit: 100,
    retryAfterMs: 24 * 3_600_000,
  });
  expect(isTaken(budget.begin(call(10)))).toBe(true);
});

test("the wait is until the window of what is spent ends", () => {
  const { budget, taken, clock } = setUp({ callsPerHour: 1 });
  taken(call());
  clock.nowMs += 60_000;
  expect(budget.begin(call())).toMatchObject({ kind: "callsPerHour", retryAfterMs: 59 * 60_000 });
});

test("a call that one limit refuses takes nothing of the others", () => {
  const { budget, counts, taken } = setUp({ callsPerHour: 1, tokensPerDay: 5000 });
  taken(call(100)).settle(tokens(100, 50));
  budget.begin(call(100));
  expect(counts.used("tokensPerDay")).toBe(150);
  expect(counts.used("callsPerHour")).toBe(1);
});

test("a call that is not sent after all takes nothing", () => {
  const { counts, taken } = setUp({ callsPerHour: 5, tokensPerDay: 1000, usdPerDay: 1 });
  taken(call(100)).cancel();
  expect([counts.used("callsPerHour"), counts.used("tokensPerDay"), counts.used("usdPerDay")]).toEqual([0, 0, 0]);
});

describe("over midnight", () => {
  test("what was taken the day before is not given back to the new day", () => {
    const { clock, counts, taken } = setUp({ tokensPerDay: 1000 }, midnight - 1);
    const spending = taken(call(100));
    clock.nowMs = midnight;
    counts.add("tokensPerDay", 50);
    spending.settle(tokens(20, 10));
    expect(counts.used("tokensPerDay")).toBe(50);
  });

  test("what was used beyond it counts for the new day", () => {
    const { clock, counts, taken } = setUp({ tokensPerDay: 5000 }, midnight - 1);
    const spending = taken(call(100));
    clock.nowMs = midnight;
    spending.settle(tokens(100, 1040));
    expect(counts.used("tokensPerDay")).toBe(40);
  });
});

describe("dollars", () => {
  test("are counted by the price of the model, cached tokens by theirs", () => {
    const { counts, taken } = setUp({ usdPerDay: 1 });
    const paid = taken(call(1000)).settle({ prompt: 1000, cached: 400, written: 0, output: 100 });
    expect(paid).toEqual({ costUsd: 0.0012, isUnpriced: false });
    expect(counts.used("usdPerDay")).toBe(0.0012);
  });

  test("of a model without a price are counted at the highest prices of all", () => {
    const { counts, taken } = setUp({ usdPerDay: 1 });
    expect(taken(call(1000, "unheard-of")).settle(tokens(1000, 100))).toEqual({ costUsd: 0.015, isUnpriced: true });
    expect(counts.used("usdPerDay")).toBe(0.015);
  });

  test("are not told of a model without a price where they are not limited", () => {
    const { taken } = setUp({ tokensPerDay: 10_000 });
    expect(taken(call(1000, "unheard-of")).settle(tokens(1000, 100))).toEqual({ costUsd: undefined, isUnpriced: true });
    expect(taken(call(1000)).settle(tokens(1000, 100))).toEqual({ costUsd: 0.0014, isUnpriced: false });
  });

  test("are none where no token is used, whatever the model", () => {
    const { taken } = setUp({ usdPerDay: 1 });
    expect(taken(call(0, undefined)).settle(tokens(0, 0))).toEqual({ costUsd: 0, isUnpriced: false });
  });
});

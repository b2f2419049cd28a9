import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import { createMemoryBudget } from "../../../src/limits/memory-budget.ts";

function refusal(check: () => void): StuntdoubleError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error as StuntdoubleError;
  }
}

describe("a budget of memory", () => {
  test("lets in what just fits beside what waits", () => {
    const budget = createMemoryBudget(100);
    budget.add(60);
    expect(() => budget.check(40)).not.toThrow();
  });

  test("refuses what does not fit beside what waits, and says when to come again", () => {
    const budget = createMemoryBudget(100);
    budget.add(60);
    expect(refusal(() => budget.check(41))).toMatchObject({ code: "MEMORY_FULL", status: 503, retryAfterSeconds: 1 });
  });

  test("refuses for good what would not fit alone", () => {
    const budget = createMemoryBudget(100);
    expect(refusal(() => budget.check(101))).toMatchObject({ code: "RESPONSE_TOO_LARGE", status: 400 });
  });

  test("has room again for what was given back", () => {
    const budget = createMemoryBudget(100);
    budget.add(60);
    budget.add(-60);
    expect(budget.used()).toBe(0);
    expect(() => budget.check(100)).not.toThrow();
  });

  test("follows a changed limit", () => {
    const budget = createMemoryBudget(100);
    budget.setMax(50);
    expect(refusal(() => budget.check(51))).toMatchObject({ code: "RESPONSE_TOO_LARGE" });
  });
});

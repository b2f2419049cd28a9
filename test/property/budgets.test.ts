import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createPriceList } from "../../src/core/prices/price-list.ts";
import { createBudget, isTaken, type Spending } from "../../src/limits/budgets/budget.ts";
import { draw } from "../../src/core/rng.ts";
import { budgetCounts, createBudgetMemory } from "../../src/limits/budgets/counts.ts";

const nowMs = Date.UTC(2026, 10, 28);
const maxPrompt = 200;

/** A call under way: what it will have used when it ends. */
type UnderWay = { readonly spending: Spending; readonly prompt: number; readonly output: number };

/** Event loops of one node that share a budget of tokens. */
function loopsOf(count: number, limit: number) {
  const memory = createBudgetMemory();
  const prices = createPriceList({ small: { input: 1, output: 4 } });
  const counts = budgetCounts(memory, "openai", () => nowMs);
  const settings = { whenSpent: "fail" as const, tokensPerDay: limit };
  const make = () => createBudget({ upstream: "openai", settings, counts, prices, wallClockMs: () => nowMs });
  return { loops: Array.from({ length: count }, make), counts };
}

const traffic = fc.record({
  loops: fc.integer({ min: 1, max: 4 }),
  concurrent: fc.integer({ min: 1, max: 100 }),
  limit: fc.integer({ min: 20_000, max: 200_000 }),
  /** Of the lengths of responses, and of which call under way ends next. */
  seed: fc.nat(),
});

test("however many calls are under way together, a budget of tokens is passed by no more than one response", () => {
  fc.assert(
    fc.property(traffic, ({ loops: count, concurrent, limit, seed }) => {
      const { loops, counts } = loopsOf(count, limit);
      const underWay: UnderWay[] = [];
      const [shortest, longest] = [300, 900];
      let used = 0;
      const end = (call: UnderWay): void => {
        used += call.prompt + call.output;
        call.spending.settle({ prompt: call.prompt, cached: 0, written: 0, output: call.output });
      };
      let refusedInARow = 0;
      for (let turn = 0; refusedInARow < 300; turn += 1) {
        const length = draw(seed, "length", String(turn));
        const which = Math.floor(draw(seed, "which", String(turn)) * 1000);
        const prompt = Math.round(length * maxPrompt);
        const begun = loops[which % count]?.begin({ model: "small", promptTokens: prompt, asksModel: true });
        if (begun !== undefined && isTaken(begun)) {
          underWay.push({ spending: begun, prompt, output: Math.round(shortest + length * (longest - shortest)) });
          refusedInARow = 0;
        } else refusedInARow += 1;
        const isFull = underWay.length >= concurrent || refusedInARow > 0;
        const [ended] = isFull ? underWay.splice(which % Math.max(1, underWay.length), 1) : [];
        if (ended !== undefined) end(ended);
      }
      underWay.forEach(end);
      expect(counts.used("tokensPerDay")).toBe(used);
      expect(used).toBeLessThanOrEqual(limit + longest);
      expect(used).toBeGreaterThan(limit - 3 * (maxPrompt + longest));
    }),
    { numRuns: 150 },
  );
});

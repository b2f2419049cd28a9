import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/config/compile.ts";
import { decide } from "../../src/core/decide.ts";
import { makeCall } from "../support/call.ts";
import { settingsWithSteady } from "../support/settings.ts";

const kinds = ["cut", "hang", "clean-end", "malformed"] as const;
const percentages = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 4 });

async function snapshotOf(shares: readonly number[], seed: number, ruled: number) {
  const faults = shares.map((percentage, index) => ({ kind: kinds[index], percentage }));
  const rules = [{ name: "faulty", serve: "simulate", match: { percentage: ruled }, faults }];
  return compile(await settingsWithSteady({ seed, rules }));
}

const calls = 4000;
/** Five standard deviations of a share of so many calls, and a little. */
const tolerance = (part: number, of: number): number => 5 * Math.sqrt((part * (1 - part)) / of) + 0.005;

test("the shares of faults converge, and their draws are independent of each other and of the rule's", async () => {
  await fc.assert(
    fc.asyncProperty(percentages, fc.nat(), fc.integer({ min: 50, max: 100 }), async (shares, seed, ruled) => {
      const snapshot = await snapshotOf(shares, seed, ruled);
      const decisions = Array.from({ length: calls }, (_, index) => decide(makeCall({ id: `id-${index}` }), snapshot));
      const taken = decisions.filter(({ rule }) => rule === "faulty");
      expect(Math.abs(taken.length / calls - ruled / 100)).toBeLessThan(tolerance(ruled / 100, calls));
      const acting = taken.map(({ faults }) => new Set(faults.map(({ kind }) => kind)));
      for (const [index, share] of shares.entries()) {
        const kind = kinds[index] ?? "";
        const part = acting.filter((each) => each.has(kind)).length / taken.length;
        expect(Math.abs(part - share / 100)).toBeLessThan(tolerance(share / 100, taken.length));
      }
      const [one = 0, other = 0] = shares;
      const both = acting.filter((each) => each.has(kinds[0]) && each.has(kinds[1])).length / taken.length;
      const product = (one / 100) * (other / 100);
      expect(Math.abs(both - product)).toBeLessThan(tolerance(product, taken.length));
    }),
    { numRuns: 15 },
  );
});

test("the same request gets the same faults on every node", async () => {
  await fc.assert(
    fc.asyncProperty(percentages, fc.nat(), fc.array(fc.uuid(), { maxLength: 50 }), async (shares, seed, ids) => {
      const [one, other] = [await snapshotOf(shares, seed, 70), await snapshotOf(shares, seed, 70)];
      for (const id of ids) expect(decide(makeCall({ id }), one)).toEqual(decide(makeCall({ id }), other));
    }),
    { numRuns: 15 },
  );
});

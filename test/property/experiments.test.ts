import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compile } from "../../src/config/compile.ts";
import { decide } from "../../src/core/decide.ts";
import { readRunning, writeRunning } from "../../src/admin/resources/experiments.ts";
import {
  createExperimentMemory,
  createLoopCounts,
  createNodeCounts,
  returnExperimentsOf,
} from "../../src/limits/experiment-counts.ts";
import { makeCall } from "../support/call.ts";
import { settingsWithSteady } from "../support/settings.ts";
import { around, runningOf, scopesOf } from "../unit/core/experiments/running.ts";

const percentages = [0.1, 1, 10, 50, 99.9];
const requests = 20_000;

/** Five standard deviations of a count of so many draws, and one more. */
function expectBinomial(count: number, share: number): void {
  expect(Math.abs(count - share * requests)).toBeLessThan(5 * Math.sqrt(share * (1 - share) * requests) + 1);
}

test.each(percentages)(
  "of %f percent by two rules and an experiment, each request is drawn once, retries included",
  async (percentage) => {
    const fault = { kind: "status", status: 500, percentage };
    const rules = [
      { name: "mini", match: { model: "*-mini" }, serve: "simulate", faults: [fault] },
      { name: "others", serve: "simulate", faults: [fault] },
    ];
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (seed, salt) => {
        const snapshot = compile(await settingsWithSteady({ seed, rules }));
        const scopes = scopesOf(runningOf({ percentage, seed }));
        let [byRule, byExperiment, byBoth] = [0, 0, 0];
        for (let request = 0; request < requests; request += 1) {
          const call = makeCall({ id: `${salt}-${request}`, model: request % 2 === 0 ? "gpt-4o-mini" : "gpt-4o" });
          const attempts = Array.from({ length: 1 + (request % 3 === 0 ? 2 : 0) }, () => ({
            rule: decide(call, snapshot).faults.length,
            experiment: scopes.involve(call, around).list[0]?.result === "affected",
          }));
          expect(attempts).toEqual(attempts.map(() => attempts[0]));
          const [{ rule, experiment } = { rule: 0, experiment: false }] = attempts;
          byRule += rule;
          byExperiment += experiment ? 1 : 0;
          byBoth += rule > 0 && experiment ? 1 : 0;
        }
        expectBinomial(byRule, percentage / 100);
        expectBinomial(byExperiment, percentage / 100);
        expectBinomial(byBoth, (percentage / 100) ** 2);
      }),
      { numRuns: 2 },
    );
  },
);

test("the same seed and request get the same decision on every event loop, and from the same experiment after a restart", () => {
  const faults = [
    { kind: "status", status: 503, percentage: 40 },
    { kind: "cut", percentage: 40 },
  ];
  fc.assert(
    fc.property(
      fc.nat(),
      fc.stringMatching(/^[0-9a-f]{16}$/),
      fc.array(fc.uuid(), { maxLength: 100 }),
      (seed, restarted, ids) => {
        const running = runningOf({ percentage: 30, seed, faults });
        const others = [
          readRunning(writeRunning([running])),
          readRunning(writeRunning([{ ...running, id: restarted, slot: 3 }])),
        ];
        const seenBy = (list: Parameters<typeof writeRunning>[0], id: string) => {
          const { list: found } = scopesOf(...list).involve(makeCall({ id }), around);
          return found.map(({ result, faults }) => ({ result, faults }));
        };
        for (const id of ids) for (const other of others) expect(seenBy(other, id)).toEqual(seenBy([running], id));
      },
    ),
  );
});

test("maxCalls and maxConcurrent are never exceeded by two event loops, whichever call ends, is given up or dies with its loop", () => {
  const step = fc.record({ loop: fc.nat(1), what: fc.constantFrom("begin", "begin", "end", "die" as const) });
  const limit = fc.integer({ min: 1, max: 8 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), limit, limit, (steps, maxCalls, maxConcurrent) => {
      const memory = createExperimentMemory(2);
      const loops = [0, 1].map((worker) => ({ counts: createLoopCounts(memory, { loops: 2, worker }), held: 0 }));
      const node = createNodeCounts(memory, 2);
      let affected = 0;
      for (const { loop: index, what } of steps) {
        const loop = loops[index];
        if (loop === undefined) continue;
        if (what === "begin" && loop.counts.take(4, { maxCalls, maxConcurrent })) {
          loop.held += 1;
          affected += 1;
        } else if (what === "end" && loop.held > 0) {
          loop.counts.release(4);
          loop.held -= 1;
        } else if (what === "die") {
          returnExperimentsOf(memory, 2, index);
          loop.held = 0;
        }
        const concurrent = loops.reduce((sum, { held }) => sum + held, 0);
        expect(node.read(4)).toEqual({ affected, concurrent });
        expect(affected).toBeLessThanOrEqual(maxCalls);
        expect(concurrent).toBeLessThanOrEqual(maxConcurrent);
      }
    }),
  );
});

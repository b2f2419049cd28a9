import * as fc from "fast-check";
import { expect, test } from "vitest";
import { simulate, type Run, type Scenario } from "../../src/core/capacity/simulate.ts";
import { node, policyOf } from "../support/capacity/plan.ts";

const load = fc.record({
  rps: fc.integer({ min: 0, max: 150_000 }),
  streams: fc.integer({ min: 0, max: 500 }),
  itlMs: fc.integer({ min: 1, max: 100 }),
});
const traffic = fc
  .array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 6 })
  .map((percentages) => percentages.map((percentage, index) => ({ atMinutes: index * 7, percentage })));
const limits = fc
  .record({ min: fc.integer({ min: 2, max: 8 }), more: fc.integer({ min: 0, max: 12 }) })
  .map(({ min, more }) => ({ min, max: min + more }));
const scenario: fc.Arbitrary<Scenario> = fc
  .record({ load, traffic, limits, cooldown: fc.integer({ min: 0, max: 900 }), seed: fc.nat(), lost: fc.boolean() })
  .map(({ load, traffic, limits, cooldown, seed, lost }) => {
    const { scaling } = policyOf();
    const policy = policyOf({ nodes: limits, scaling: { ...scaling, cooldownSeconds: cooldown } });
    const losing = lost ? { zoneLostAtSeconds: 400 } : {};
    return { load, traffic, policy, node, seed, seconds: 3000, startNodes: limits.min, ...losing };
  });

function changesOf({ entries }: Run): number[] {
  return entries.filter(({ text }) => /are started|are removed/.test(text)).map(({ atSeconds }) => atSeconds);
}

test("what has arrived is served, lost or waiting", () => {
  fc.assert(
    fc.property(scenario, (each) => {
      const { arrived, served, lost, waiting } = simulate(each);
      expect(served + lost + waiting).toBe(arrived);
    }),
    { numRuns: 60 },
  );
});

test("nodes in service are never more than the maximum, and without a failure never fewer than the minimum", () => {
  fc.assert(
    fc.property(scenario, (each) => {
      const { min, max } = each.policy.nodes;
      const counts = simulate(each).samples.map(({ nodes }) => nodes);
      expect(Math.max(...counts)).toBeLessThanOrEqual(max);
      if (each.zoneLostAtSeconds === undefined) expect(Math.min(...counts)).toBeGreaterThanOrEqual(min);
    }),
    { numRuns: 60 },
  );
});

test("two changes are never closer than the cooldown", () => {
  fc.assert(
    fc.property(scenario, (each) => {
      const at = changesOf(simulate(each));
      const gaps = at.slice(1).map((seconds, index) => seconds - (at[index] ?? 0));
      for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(each.policy.scaling.cooldownSeconds);
    }),
    { numRuns: 60 },
  );
});

test("with more nodes P99 is never higher at the same load", () => {
  fc.assert(
    fc.property(load, fc.integer({ min: 1, max: 20 }), fc.nat(), (load, nodes, seed) => {
      const policy = policyOf({ nodes: { min: nodes + 1, max: nodes + 1 } });
      const play = (startNodes: number): Run =>
        simulate({ load, traffic: [{ atMinutes: 0, percentage: 100 }], seconds: 119, policy, node, startNodes, seed });
      const [fewer, more] = [play(nodes).samples[0], play(nodes + 1).samples[0]];
      expect(more?.p99Ms).toBeLessThanOrEqual((fewer?.p99Ms ?? 0) + 1e-9);
    }),
    { numRuns: 60 },
  );
});

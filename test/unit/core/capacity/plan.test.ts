import { expect, test } from "vitest";
import { availability } from "../../../../src/core/capacity/availability.ts";
import { loseRegion } from "../../../../src/core/capacity/failover.ts";
import { planCapacity, type CapacityPlan } from "../../../../src/core/capacity/plan.ts";
import type { Policy } from "../../../../src/core/capacity/types.ts";
import { costs, node, policyOf } from "../../../support/capacity/plan.ts";

function planOf(rps: number, changes: Partial<Policy> = {}): CapacityPlan {
  return planCapacity({ load: { rps, streams: 0, itlMs: 10 }, policy: policyOf(changes), costs, seed: 1 });
}

test("a region has nodes for its load at the target", () => {
  const [region] = planOf(75_000, { reserve: "none" }).regions;
  expect(region).toMatchObject({ forLoad: 10, nodes: 10 });
});

test("a region has no fewer nodes than the minimum", () => {
  expect(planOf(1, { nodes: { min: 4, max: 20 } }).regions[0]?.nodes).toBe(4);
});

test("half of the nodes of two zones serve all calls", () => {
  expect(planOf(47_500).regions[0]).toMatchObject({ forZone: 10, nodes: 10 });
});

test("P99 asks for more nodes where its goal is stricter than the target", () => {
  const goals = { p99Ms: 9.22, recoverySeconds: 300, availabilityPercentage: 99 };
  expect(planOf(75_000, { reserve: "none", goals }).regions[0]?.forLoad).toBe(15);
});

test("each region has nodes for its part of the largest other one", () => {
  const regions = { a: 50, b: 30, c: 20 };
  const sizes = planOf(95_000, { regions, reserve: "region", zones: 2 }).regions;
  expect(sizes.map(({ takeOver }) => takeOver)).toEqual([0.5 / 0.7, 0.6, 0.4].map((share) => expect.closeTo(share)));
  expect(sizes.map(({ forRegion }) => forRegion)).toEqual([8, 6, 4]);
});

test("with more nodes than there may be the plan says what is missing", () => {
  const { missing } = planOf(500_000);
  expect(missing).toEqual([expect.stringMatching(/^one needs \d+ nodes and may have 20: raise nodes.max/)]);
});

test("a region that is lost loses its calls until DNS sends clients elsewhere", () => {
  const policy = policyOf({ regions: { a: 50, b: 50 }, reserve: "region" });
  const load = { rps: 40_000, streams: 100, itlMs: 1e9 };
  const loss = loseRegion("a", { policy, node, seed: 1, load, nodes: { a: 10, b: 10 } });
  expect(loss).toMatchObject({
    detectedAfterSeconds: 150,
    recoveredAfterSeconds: 150,
    lostCalls: 20_000 * 150,
    brokenStreams: 50,
  });
});

test("without a reserve calls are lost until new nodes are there", () => {
  const policy = policyOf({ regions: { a: 50, b: 50 } });
  const load = { rps: 120_000, streams: 0, itlMs: 10 };
  const { recoveredAfterSeconds } = loseRegion("a", { policy, node, seed: 1, load, nodes: { a: 10, b: 10 } });
  expect(recoveredAfterSeconds).toBeGreaterThan(150 + 60 + 20);
  expect(recoveredAfterSeconds).toBeLessThan(450);
});

test("availability is that of enough nodes, the balancer and the region together", () => {
  const promised = { instancePercentage: 90, balancerPercentage: 99, regionPercentage: 98 };
  expect(availability({ needed: 2, nodes: 2 }, promised)).toBeCloseTo(0.81 * 0.99 * 0.98);
  expect(availability({ needed: 1, nodes: 2 }, promised)).toBeCloseTo(0.99 * 0.99 * 0.98);
  expect(availability({ needed: 3, nodes: 2 }, promised)).toBe(0);
});

test("a month is nodes, balancers and what passes through them", () => {
  const { price } = planOf(36_000);
  const units = (36_000 * 1000) / 1_000_000;
  expect(price).toEqual({
    nodes: 730 * (planOf(36_000).regions[0]?.nodes ?? 0),
    balancers: 730,
    traffic: expect.closeTo(730 * units),
    total: expect.closeTo(price.nodes + 730 + 730 * units),
  });
});

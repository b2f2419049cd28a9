import { expect, test } from "vitest";
import { coresFor, nodeModel, p99Ms, tokensPerSecond, utilisationAt } from "../../../../src/core/capacity/node.ts";
import { costs, node } from "../../../support/capacity/plan.ts";

test("a node does as many requests as its usable CPU allows", () => {
  expect(node.maxRps).toBeCloseTo(10_000);
  expect(nodeModel(10, 85, costs).maxRps).toBeCloseTo(8500);
});

test("each further event loop makes a request dearer by the contention", () => {
  const contended = { ...costs, contentionPercentage: 10 };
  expect(nodeModel(1, 100, contended).maxRps).toBeCloseTo(1000);
  expect(nodeModel(11, 100, contended).maxRps).toBeCloseTo(11_000 / 2);
});

test("streams take CPU by their tokens", () => {
  const load = { rps: 1000, streams: 100, itlMs: 10 };
  expect(tokensPerSecond(load)).toBe(10_000);
  expect(coresFor(load, node)).toBeCloseTo(1 + 10);
});

test("P99 is that of M/M/1, and grows without end at full CPU", () => {
  expect(p99Ms(0.5, node)).toBeCloseTo((Math.log(100) * 1) / 0.5);
  expect(p99Ms(1, node)).toBe(Infinity);
});

test("a pause of the event loop is added to P99", () => {
  const paused = nodeModel(10, 100, { ...costs, pauseMs: 2 });
  expect(p99Ms(0.5, paused) - p99Ms(0.5, node)).toBeCloseTo(2);
});

test("the utilisation for a P99 has that P99", () => {
  expect(p99Ms(utilisationAt(15, node), node)).toBeCloseTo(15);
});

test("no utilisation is low enough for a P99 below that of an idle node", () => {
  expect(utilisationAt(1, node)).toBe(0);
});

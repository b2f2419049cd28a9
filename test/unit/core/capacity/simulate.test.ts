import { expect, test } from "vitest";
import { play, policyOf } from "../../../support/capacity/plan.ts";

const texts = (run: ReturnType<typeof play>): string[] => run.entries.map(({ text }) => text);

test("a load that fits is served, at the CPU that it takes", () => {
  const run = play(50_000);
  expect(run.lost).toBe(0);
  expect(run.entries).toEqual([]);
  expect(run.samples.at(-1)?.cpuPercentage).toBeCloseTo(50, 0);
});

test("more than CPU can do waits, and is lost once the wait would be too long", () => {
  const policy = policyOf({ nodes: { min: 2, max: 10 } });
  const { samples, waiting, lost } = play(110_000, { policy, seconds: 60 });
  expect(waiting).toBe(100_000);
  expect(lost).toBeGreaterThan(400_000);
  expect(samples.at(-1)?.cpuPercentage).toBeCloseTo(100, 0);
});

test("new nodes get calls when they are provisioned and have passed their health checks", () => {
  const run = play(80_000);
  expect(texts(run)[0]).toContain("P99 above 15 ms for 2 min: 5 nodes are started, 15 in all");
  const [started, inService] = run.entries.map(({ atSeconds }) => atSeconds);
  expect((inService ?? 0) - (started ?? 0)).toBe(60 + 2 * 10);
  expect(run.samples.at(-1)?.nodes).toBe(15);
});

test("a zone that is lost takes its share of the calls with it until health checks notice", () => {
  const run = play(40_000, { zoneLostAtSeconds: 300, seconds: 600 });
  expect(run.lost / (40_000 * 30 * 0.5)).toBeCloseTo(1, 1);
  expect(run.lastLossSeconds).toBe(329);
});

test("nodes of a lost zone are replaced", () => {
  const run = play(30_000, { zoneLostAtSeconds: 300, seconds: 900 });
  expect(texts(run)).toContain("health checks have found it: 5 nodes are replaced");
  expect(run.samples.at(-1)?.nodes).toBe(10);
});

test("a node that is removed gets no more calls at once, and costs until it has drained", () => {
  const run = play(10_000, { seconds: 900 });
  expect(texts(run)[0]).toContain("5 nodes are removed, 5 remain");
  expect(run.nodeHours * 3600).toBeCloseTo(10 * 629 + 5 * 271);
});

test("the same seed gives the same run, and another one another", () => {
  expect(play(80_000)).toEqual(play(80_000));
  expect(play(80_000, { seed: 2 }).arrived).not.toBe(play(80_000).arrived);
});

test("traffic is linear between its points", () => {
  const traffic = [
    { atMinutes: 0, percentage: 0 },
    { atMinutes: 10, percentage: 100 },
  ];
  const { samples } = play(60_000, { traffic, seconds: 900 });
  expect(samples[4]?.rps).toBeCloseTo(27_000, -3);
  expect(samples[14]?.rps).toBeCloseTo(60_000, -3);
});

test("what is added at the maximum is nothing, and it is said so", () => {
  const policy = policyOf({ nodes: { min: 2, max: 10 } });
  expect(texts(play(90_000, { policy }))[0]).toContain("no node is added, the maximum of 10 is reached");
});

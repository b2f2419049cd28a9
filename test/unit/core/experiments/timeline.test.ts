import { expect, test } from "vitest";
import { maxPoints, pointOf, withPoint, type Point } from "../../../../src/core/experiments/timeline.ts";
import { createSeenCollector, endedCall } from "../../../../src/core/experiments/window.ts";
import { definitionOf } from "./running.ts";
import { outcome } from "../../emit/outcome.ts";

function second(number: number, guardrails: Point["guardrails"] = {}): Point {
  const collector = createSeenCollector();
  collector.add(endedCall(outcome({ status: 503, faults: ["status"] })));
  collector.add(endedCall(outcome({ status: 502 })));
  collector.add(endedCall(outcome({ ending: "client-gone" })));
  return pointOf(number, { ...collector.take(), affected: 1 }, guardrails);
}

function timelineOf(seconds: readonly number[]): readonly Point[] {
  return seconds.reduce<readonly Point[]>((timeline, each) => withPoint(timeline, second(each), []), []);
}

test("a second is told by what clients saw and what really failed", () => {
  expect(second(3)).toMatchObject({ calls: 3, affected: 1, injected: 1, failed: 2, left: 1, realFailed: 1 });
});

test("seconds stay apart while they are few", () => {
  expect(timelineOf([0, 1, 5]).map(({ second, seconds }) => [second, seconds])).toEqual([
    [0, 1],
    [1, 1],
    [5, 1],
  ]);
});

test("two hours take no more points than ten minutes, and no call is lost", () => {
  const hours = timelineOf(Array.from({ length: 7200 }, (_, index) => index));
  expect(hours.length).toBeLessThanOrEqual(maxPoints);
  expect(new Set(hours.map(({ seconds }) => seconds))).toEqual(new Set([16]));
  expect(hours.reduce((sum, { calls }) => sum + calls, 0)).toBe(3 * 7200);
  expect(hours.reduce((sum, { ttft }) => sum + ttft.count, 0)).toBe(3 * 7200);
});

test.each([
  [{ above: 5 }, 7],
  [{ below: 5 }, 1],
])("of a guardrail of %j the worst value is kept", (limit, worst) => {
  const { guardrails } = definitionOf({ guardrails: [{ metric: "errorRate", ...limit }] });
  let timeline: readonly Point[] = [];
  for (let at = 0; at <= maxPoints; at += 1)
    timeline = withPoint(timeline, second(at, { 0: at % 2 === 0 ? 7 : 1 }), guardrails);
  expect(timeline[0]).toMatchObject({ second: 0, seconds: 2, guardrails: { 0: worst } });
});

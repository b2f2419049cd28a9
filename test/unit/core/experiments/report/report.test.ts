import { describe, expect, test } from "vitest";
import { reportOf } from "../../../../../src/core/experiments/report/report.ts";
import { repeated, reportWith, runOf, withCalls } from "./sample.ts";

const slow = { ttftMs: 2000, totalMs: 2500, tokens: 1, atMs: [2000] };

test("calls count in the phase in which they began, not in which they ended", () => {
  const report = reportWith([
    ...repeated(3, { phase: "before", result: "not drawn" }),
    ...repeated(2, { phase: "during", outcome: { faults: ["delay"], actual: slow } }),
    ...repeated(4, { phase: "after", result: "not drawn" }),
  ]);
  expect([report.before.calls, report.during.calls, report.duringUntouched.calls, report.after.calls]).toEqual([
    3, 2, 0, 4,
  ]);
  expect([report.ttft.before.at(-1)!.ms < 300, report.ttft.during.at(-1)!.ms > 1900]).toEqual([true, true]);
});

test("the verdict is about all calls but those of the baseline", () => {
  const calls = [...repeated(50, { phase: "before", outcome: { status: 503 } }), ...repeated(50, { phase: "after" })];
  const { verdict } = reportWith(calls, { expect: [{ metric: "errorRate", atMost: 1 }] });
  expect(verdict).toMatchObject({ result: "held", expectations: [{ value: 0, calls: 50 }] });
});

test("it says which faults took effect where, the most frequent first", () => {
  const cut = { stage: "storm", outcome: { faults: ["cut"], rule: "all", model: "gpt-4o" } };
  const { injected } = reportWith([
    ...repeated(2, cut),
    { ...cut, outcome: { ...cut.outcome, faults: ["cut", "drip"] } },
  ]);
  expect(injected).toEqual([
    { kind: "cut", stage: "storm", rule: "all", model: "gpt-4o", count: 3 },
    { kind: "drip", stage: "storm", rule: "all", model: "gpt-4o", count: 1 },
  ]);
});

test("stages are shown as far as they came", () => {
  const stages = [
    { name: "one", durationMs: 10_000, faults: [{ kind: "cut" }] },
    { name: "two", durationMs: 20_000, rampMs: 5000 },
    { name: "three", durationMs: 20_000 },
  ];
  const { stages: spans } = reportOf(runOf({ stages, baselineMs: 5000 }, { state: "stopped", endedAtMs: 25_000 }));
  expect(spans).toEqual([
    { name: "one", fromSecond: 5, toSecond: 15, rampSeconds: 0, faults: ["cut"] },
    { name: "two", fromSecond: 15, toSecond: 25, rampSeconds: 5, faults: [] },
  ]);
});

describe("the values of guardrails", () => {
  const guardrails = [{ metric: "errorRate", above: 50, overMs: 2000, minCalls: 4 }];
  const failing = repeated(2, { result: "not drawn", outcome: { status: 502 } });

  test("are kept for each second, once there were calls enough", () => {
    let run = runOf({ guardrails });
    for (const second of [0, 1]) run = withCalls(run, second, failing);
    expect(reportOf(run).timeline.map((point) => point.guardrails)).toEqual([{}, { 0: 100 }]);
  });

  test("are the same when more seconds have passed than they look back over", () => {
    let run = runOf({ guardrails });
    for (let second = 0; second < 100; second += 1) run = withCalls(run, second, second < 50 ? failing : repeated(2));
    expect(run.recent.length).toBeLessThanOrEqual(2);
    expect(reportOf(run).timeline.at(-1)?.guardrails).toEqual({ 0: 0 });
  });
});

test("a run that is stored as JSON makes the same report", () => {
  const run = withCalls(runOf({ guardrails: [{ metric: "errorRate", above: 50, minCalls: 1 }] }), 0, repeated(3));
  expect(reportOf(JSON.parse(JSON.stringify(run)))).toEqual(reportOf(run));
});

test("a run of an hour takes less than 200 KB, however its times are spread", () => {
  let run = runOf({ guardrails: [{ metric: "errorRate", above: 50 }] });
  for (let second = 0; second < 3600; second += 5) {
    const ttftMs = 0.1 * Math.exp((second % 260) / 20);
    const actual = { ttftMs, totalMs: ttftMs * 2, tokens: 2, atMs: [ttftMs, ttftMs * 1.5] };
    run = withCalls(run, second, [{ outcome: { actual, model: `model-${second}`, faults: ["cut"] } }]);
  }
  expect(JSON.stringify(run).length).toBeLessThan(200_000);
});

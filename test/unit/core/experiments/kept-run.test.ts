import { expect, test } from "vitest";
import { readKeptRun } from "../../../../src/core/experiments/kept-run.ts";
import { reportFormats } from "../../../../src/core/experiments/report/formats.ts";
import { reportOf } from "../../../../src/core/experiments/report/report.ts";
import { runStates, type Run } from "../../../../src/core/experiments/run.ts";
import { anyRun } from "./any-run.ts";

const readBack = (run: unknown): Run | undefined => readKeptRun(JSON.parse(JSON.stringify(run)));

const broken = { metric: "errorRate", above: 5, value: 40.5 } as const;

test.each([anyRun(), anyRun({ state: "stopped", stoppedBy: "bob" }), anyRun({ state: "halted", broken })])(
  "a run that has ended survives JSON: $state",
  (run) => {
    expect(readBack(run)).toEqual(run);
  },
);

test.each(["baseline", "running"] as const)("a run that was %s when its node died is expired", (state) => {
  const run = anyRun({ state, startsAtMs: undefined, endedAtMs: undefined });
  expect(readBack(run)).toEqual({ ...run, state: "expired" });
});

test("the report on an expired run says why it is inconclusive", () => {
  const run = anyRun({ state: "expired", endedAtMs: undefined });
  expect(reportOf(run).verdict).toMatchObject({ result: "inconclusive", why: "its node ended before it was over" });
});

test("a report does not say when a run ended that nobody saw end", () => {
  const report = reportOf(anyRun({ state: "expired", endedAtMs: undefined }));
  expect(reportFormats.markdown.write(report)).toMatch(/To \|.*unknown/);
});

test("every state is read", () => {
  for (const state of runStates) expect(readBack(anyRun({ state }))).toBeDefined();
});

/** The run with another value at a path. */
function changed(path: readonly string[], value: unknown): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(anyRun()));
  const parent = path.slice(0, -1).reduce<unknown>((part, key) => Reflect.get(Object(part), key), copy);
  Reflect.set(Object(parent), path.at(-1) ?? "", value);
  return copy;
}

test.each([
  ["a place that cannot be read", ["seen", "during", "places"], { "a b": 1 }],
  ["a bucket that is no number", ["seen", "during", "all", "ttft"], { slow: 1 }],
  ["a count below 0", ["seen", "during", "calls"], -1],
  ["a count that is none", ["seen", "during", "calls"], null],
  ["a time without a date", ["createdAtMs"], 1e16],
  ["an end without a date", ["startsAtMs"], 8.64e15],
  ["a fault that there is not", ["definition", "faults"], [{ kind: "sttus" }]],
])("a run with %s is none, so no report fails", (_what, path, value) => {
  expect(readBack(changed(path, value))).toBeUndefined();
});

/** The run without the member at a path. */
function without(path: readonly string[]): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(anyRun()));
  const parent = path.slice(0, -1).reduce<unknown>((value, key) => Reflect.get(Object(value), key), copy);
  expect(Reflect.has(Object(parent), path.at(-1) ?? "")).toBe(true);
  Reflect.deleteProperty(Object(parent), path.at(-1) ?? "");
  return copy;
}

test.each(["retries", "succeeded", "breakerOpen"])(
  "a run without the count of %s is none, so no sum is NaN",
  (count) => {
    expect(readBack(without(["seen", "during", "all", count]))).toBeUndefined();
  },
);

test.each([["id"], ["definition"], ["createdAtMs"], ["state"], ["seen"], ["timeline"], ["timeline", "0", "ttft"]])(
  "a run without a member is none: %s",
  (...path) => {
    expect(readBack(without(path))).toBeUndefined();
  },
);

test.each([null, 5, "run", [], {}])("%j is no run", (value) => {
  expect(readKeptRun(value)).toBeUndefined();
});

import { expect, test } from "vitest";
import { readReport, shownTotals, sumOf, type NodeReport } from "../../../src/core/node-report.ts";
import { createSketch } from "../../../src/core/statistics/sketch.ts";

const none = { bounds: [], counts: [0] };
const totals = {
  calls: 5,
  errors: 1,
  inFlight: 2,
  waiting: 0,
  totalMs: { bounds: [10, 20], counts: [4, 1, 0] },
  ttftMs: none,
};

function reportWith(bins: readonly number[]): NodeReport {
  const reference = createSketch();
  reference.add(12);
  const pair = { reference: reference.toJSON(), candidate: { ...reference.toJSON(), bins } };
  return { totals, drift: [{ model: "gpt-4o", measure: "ttftMs", calls: 1, ...pair }] };
}

test("a report comes back as it was written", () => {
  const report = reportWith([3, 1]);
  expect(readReport(JSON.stringify(report))).toEqual(report);
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["a count that is a text", JSON.stringify({ totals: { ...totals, calls: "5" }, drift: [] })],
  ["a negative count", JSON.stringify({ totals: { ...totals, calls: -5 }, drift: [] })],
  ["a sketch that is none", JSON.stringify(reportWith([3]))],
])("%s is no report", (_, text) => {
  expect(readReport(text)).toBeUndefined();
});

test("counts and buckets of nodes add up", () => {
  const sum = sumOf([totals, { ...totals, calls: 7 }]);
  expect(sum).toMatchObject({ calls: 12, errors: 2, inFlight: 4, totalMs: { counts: [8, 2, 0] } });
});

test("what was never measured is not shown", () => {
  expect(shownTotals(totals)).toEqual({
    calls: 5,
    errors: 1,
    inFlight: 2,
    waiting: 0,
    totalMs: { p50: 6.3, p99: 19.5 },
  });
});

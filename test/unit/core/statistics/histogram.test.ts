import { expect, test } from "vitest";
import { addedUp, histogramQuantile } from "../../../../src/core/statistics/histogram.ts";

test("a quantile is spread evenly within its bucket", () => {
  expect(histogramQuantile({ bounds: [10, 20], counts: [0, 4, 0] }, 0.5)).toBe(15);
});

test("what is above all bounds counts as the last of them", () => {
  expect(histogramQuantile({ bounds: [10, 20], counts: [0, 0, 3] }, 0.5)).toBe(20);
});

test("without a count there is no quantile", () => {
  expect(histogramQuantile({ bounds: [10, 20], counts: [0, 0, 0] }, 0.5)).toBeUndefined();
  expect(histogramQuantile({ bounds: [], counts: [0] }, 0.5)).toBeUndefined();
});

test("histograms add up bucket by bucket, and one with other bounds is left out", () => {
  const all = [
    { bounds: [10, 20], counts: [1, 2, 3] },
    { bounds: [10, 30], counts: [100, 100, 100] },
    { bounds: [10, 20], counts: [4, 0, 1] },
  ];
  expect(addedUp(all)).toEqual({ bounds: [10, 20], counts: [5, 2, 4] });
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { closedLabels, metricPrefix, recorded } from "../../../src/emit/catalog.ts";
import type { Metric } from "../../../src/emit/metric.ts";
import { reported } from "../../../src/emit/reported.ts";

const document = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");

/** The rows of all tables whose first cell is the name of a metric. */
const rows = document.split("\n").filter((line) => line.startsWith(`| \`${metricPrefix}`));

function rowOf([name, { type, labels, help }]: [string, Metric]): string {
  const shown = labels.length === 0 ? "" : labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${metricPrefix}${name}\` | ${type} | ${shown} | ${help} |`;
}

test("docs/metrics.md lists every metric with type, labels and meaning, and no other", () => {
  const expected = Object.entries<Metric>({ ...recorded, ...reported }).map(rowOf);
  expect(rows.toSorted()).toEqual(expected.toSorted());
});

test("docs/metrics.md lists the bounds of every histogram", () => {
  const histograms = Object.entries<Metric>(recorded).filter(([, { bucketsMs }]) => bucketsMs !== undefined);
  for (const [name, { bucketsMs }] of histograms) {
    const bounds = Array.from(bucketsMs!, (boundMs) => boundMs / 1000).join(" ");
    const line = document.split("\n").find((each) => each.startsWith("| ") && each.includes(` ${bounds} |`));
    expect([name, line?.includes(`\`${name}\``)]).toEqual([name, true]);
  }
});

test("docs/metrics.md lists the values of every label that has a fixed list", () => {
  for (const [label, values] of Object.entries(closedLabels)) {
    expect(document).toContain(`| \`${label}\` | ${values.map((value) => `\`${value}\``).join(", ")} |`);
  }
});

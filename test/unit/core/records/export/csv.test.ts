import { expect, test } from "vitest";
import { csvExporter } from "../../../../../src/core/records/export/csv.ts";
import type { TrafficRecord } from "../../../../../src/core/records/types.ts";
import { mirroredRecord } from "../../../../support/records/mirrored.ts";

const lineOf = (record: TrafficRecord): ReadonlyMap<string, string> => {
  const exporter = csvExporter();
  const cells = exporter.record(record).trimEnd().split(",");
  return new Map(
    (exporter.head ?? "")
      .trimEnd()
      .split(",")
      .map((name, at) => [name, cells[at] ?? ""]),
  );
};

test.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])("%j is text for a spreadsheet, and no formula", (model) => {
  expect(lineOf(mirroredRecord({ model })).get("model")).toBe(`'${model}`);
});

test("a number is a number, and a text with such a sign in it stays as it is", () => {
  const line = lineOf(mirroredRecord({ model: "gpt-4o", time: -1000, queueMs: -1 }));
  expect([line.get("model"), line.get("queue_ms")]).toEqual(["gpt-4o", "-1"]);
});

test("a line of CSV says how the copy of the call ended", () => {
  const { head = "", record } = csvExporter();
  const mirror = {
    from: "upstream",
    name: "b",
    status: 503,
    ending: "cut",
    totalMs: 9,
    outputTokens: 0,
    gapsMs: [],
  } as const;
  const names = head.trimEnd().split(",");
  const cells = record(mirroredRecord({ mirror })).trimEnd().split(",");
  const value = (name: string): string | undefined => cells[names.indexOf(name)];
  expect([value("mirror_name"), value("mirror_status"), value("mirror_ending")]).toEqual(["b", "503", "cut"]);
});

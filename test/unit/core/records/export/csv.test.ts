import { expect, test } from "vitest";
import { csvExporter } from "../../../../../src/core/records/export/csv.ts";
import { mirroredRecord } from "../../../../support/records/mirrored.ts";

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

import { gzipSync } from "node:zlib";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import { runAt, runIn, type Ran } from "../../support/io.ts";
import { anyMirrored, mirroredRecord } from "../../support/records/mirrored.ts";

const lines = (records: readonly TrafficRecord[]): string =>
  records.map((each) => `${JSON.stringify(each)}\n`).join("");
const alike = lines(Array.from({ length: 250 }, () => mirroredRecord()));
const slow = lines(anyMirrored(250, { simulated: { ttftMs: 700 } }));

const report = (text: string, ...args: readonly string[]): Promise<Ran> =>
  runIn({ "records.ndjson": text }, ["shadow", "report", "--records", "records.ndjson", ...args]);

test.each([
  ["match", alike, 0],
  ["differs", slow, 3],
  ["not enough data", lines([mirroredRecord()]), 4],
  ["not enough data", "", 4],
])("a report that says %s ends with the code of it", async (result, text, code) => {
  const ran = await report(text);
  expect([ran.out.split(":")[0], ran.code, ran.err]).toEqual([result, code, ""]);
});

test("gates replace those that are usual", async () => {
  expect((await report(slow, "--gate", "p50=99%", "--measures", "ttftMs")).code).toBe(0);
});

test("--json is the same as --format json, and cannot be combined with it", async () => {
  const { out } = await report(slow, "--json");
  expect(out).toBe((await report(slow, "--format", "json")).out);
  expect(await report(slow, "--json", "--format", "html")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--json"),
  });
});

test("only the measures that are named are compared", async () => {
  const { out } = await report(slow, "--measures", "outputTokens, gapMs", "--format", "json");
  const { strata } = JSON.parse(out) as { strata: { measures: object }[] };
  expect(Object.keys(strata[0]!.measures)).toEqual(["outputTokens", "gapMs"]);
});

test("only calls since a time are compared", async () => {
  const { out } = await report(lines(anyMirrored(10)), "--since", "1800000005000", "--format", "json");
  expect(JSON.parse(out)).toMatchObject({ calls: { compared: 5 } });
});

test("two files of records are compared as they were served, one of them compressed", async () => {
  const { folder } = await report(alike);
  await writeFile(path.join(folder, "real.ndjson.gz"), gzipSync(alike));
  const args = ["shadow", "report", "--records", "records.ndjson", "--against", "real.ndjson.gz", "--format", "json"];
  const { out, code } = await runAt(folder, args);
  expect([JSON.parse(out), code]).toMatchObject([{ isPaired: false, calls: { compared: 250 } }, 0]);
});

test("a report goes into a file in each format", async () => {
  for (const [format, beginning] of Object.entries({
    text: "differs: ",
    json: "{",
    junit: "<?xml",
    html: "<!doctype",
  })) {
    const { folder, out, err, code } = await report(slow, "--format", format, "-o", "out");
    expect([out, err, code]).toEqual(["", "The report is in out\n", 3]);
    expect((await readFile(path.join(folder, "out"), "utf8")).startsWith(beginning)).toBe(true);
  }
});

test("a report takes the place of a file that is there only with --force", async () => {
  const { folder } = await report(slow, "-o", "out");
  await writeFile(path.join(folder, "out"), "kept");
  const args = ["shadow", "report", "--records", "records.ndjson", "-o", "out"];
  const again = await runAt(folder, args);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining("out is there already; --force overwrites it.")]);
  expect(await readFile(path.join(folder, "out"), "utf8")).toBe("kept");
  expect(await runAt(folder, [...args, "--force"])).toMatchObject({ code: 3, err: "The report is in out\n" });
  expect(await readFile(path.join(folder, "out"), "utf8")).toMatch(/^differs: /);
});

test("a line that is no record is told with file, line and reason", async () => {
  const { code, err } = await report(`${alike}{"time":"noon"}\n`);
  expect([code, err]).toEqual([2, expect.stringMatching(/records\.ndjson:251: the line is no record/)]);
});

test("a last line that was not written to its end is skipped, and told", async () => {
  const { code, err } = await report(`${alike}{"time":17`);
  expect([code, err]).toEqual([0, expect.stringMatching(/records\.ndjson: the last line was not written to its end/)]);
});

test.each([
  [["shadow"], "expected one of: report, watch."],
  [["shadow", "repport"], 'unknown action "repport". Did you mean "report"?'],
  [["shadow", "report", "more"], 'unexpected argument "more".'],
  [["shadow", "report", "--records", "x"], "it cannot be read"],
  [["shadow", "report", "--records", "x", "--admin", "http://h"], "--records cannot be combined with --admin"],
  [["shadow", "report", "--against", "x"], "--against and --measures need --records."],
  [["shadow", "report", "--gate", "p50"], "gates must be quantiles with their tolerances, such as p50=5%,p95=10%"],
  [["shadow", "report", "--since", "noon", "--records", "."], "--since must be a time, or how long ago, such as 15m"],
  [["shadow", "report", "--records", ".", "--measures", "ttft"], "--measures must be some of ttftMs, gapMs"],
  [["shadow", "report", "--format", "pdf"], "--format must be one of text, json, junit, html"],
  [["shadow", "report", "--every", "5"], "report takes no --every."],
  [["shadow", "watch", "--format", "json"], "watch takes no --format."],
  [["shadow", "watch", "--every", "0"], "--every must be a number of seconds"],
])("%j is refused", async (args, message) => {
  const { code, err } = await runIn({}, args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test("a node that cannot be reached is a failure", async () => {
  expect((await runIn({}, ["shadow", "report", "--admin", "http://127.0.0.1:1"])).code).toBe(1);
});

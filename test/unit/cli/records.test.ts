import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { recordOf } from "../../../src/core/records/record-of.ts";
import { runAt, runIn } from "../../support/io.ts";
import { outcome, timeline } from "../emit/outcome.ts";

const first = recordOf(outcome({ id: "first", promptTokens: 600, actual: timeline(250, 265, 280) }));
const second = recordOf(
  outcome({ id: "second", startedAtMs: 1_700_000_001_500, promptTokens: 40, model: "other", actual: timeline(9) }),
);
const files = { "a.ndjson": `${JSON.stringify(first)}\n${JSON.stringify(second)}\n` };

test("records are exported as they are unless another format is asked for", async () => {
  const { code, out } = await runIn(files, ["records", "export", "--records", "a.ndjson"]);
  expect([code, out]).toEqual([0, files["a.ndjson"]]);
});

test("several files follow one another", async () => {
  const { out } = await runIn(files, ["records", "export", "--records", "a.ndjson", "a.ndjson"]);
  expect(out.split("\n")).toHaveLength(5);
});

test.for([
  ["--model", "other", "second"],
  ["--since", "2023-11-14T22:13:21Z", "second"],
])("%s %s lets only those records through", async ([flag = "", value = "", id]) => {
  const { out } = await runIn(files, ["records", "export", "--records", "a.ndjson", flag, value]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
  ).toEqual([id]);
});

test("csv has a line of names, and a line for each record", async () => {
  const { out } = await runIn(files, ["records", "export", "--records", "a.ndjson", "--format", "csv"]);
  const [names = "", row = ""] = out.split("\r\n");
  const cells = new Map(names.split(",").map((name, index) => [name, row.split(",")[index]]));
  expect(Object.fromEntries(cells)).toMatchObject({
    time: "2023-11-14T22:13:20.000Z",
    model: "gpt-4o",
    prompt_tokens: "600",
    ttft_ms: "250",
    gaps_ms: "15 15",
    cause: "",
  });
});

test("mooncake has lengths and the time from the first request, and what has no known length is told of", async () => {
  const unknown = recordOf(outcome({ id: "third", promptTokens: undefined }));
  const all = { "a.ndjson": `${files["a.ndjson"]}${JSON.stringify(unknown)}\n` };
  const { out, err } = await runIn(all, ["records", "export", "--records", "a.ndjson", "--format", "mooncake"]);
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { timestamp: 0, input_length: 600, output_length: 3, hash_ids: [1, 2] },
    { timestamp: 1500, input_length: 40, output_length: 1, hash_ids: [3] },
  ]);
  expect(err).toBe("1 records are left out: their prompt or response has no known length\n");
});

test("a file is written whole, and is not overwritten unless that is wanted", async () => {
  const args = ["records", "export", "--records", "a.ndjson", "-o", "out.ndjson"];
  const { code, err, folder } = await runIn(files, args);
  expect([code, err]).toEqual([0, "The records are in out.ndjson\n"]);
  const again = await runAt(folder, args);
  expect([again.code, again.err]).toEqual([
    2,
    `stuntdouble records: ${path.join(folder, "out.ndjson")} is there already; --force overwrites it.\n`,
  ]);
  const forced = await runAt(folder, [...args, "--model", "other", "--force"]);
  expect([forced.code, await readFile(path.join(folder, "out.ndjson"), "utf8")]).toEqual([
    0,
    `${JSON.stringify(second)}\n`,
  ]);
});

test("of damaged records no file is written, and the line is named", async () => {
  const damaged = { "a.ndjson": `${JSON.stringify(first)}\n{"time":\n${JSON.stringify(second)}\n` };
  const { code, err, folder } = await runIn(damaged, [
    "records",
    "export",
    "--records",
    "a.ndjson",
    "-o",
    "out.ndjson",
  ]);
  expect([code, err]).toEqual([2, `stuntdouble records: ${path.join(folder, "a.ndjson")}:2: the line is no JSON.\n`]);
  await expect(stat(path.join(folder, "out.ndjson"))).rejects.toThrow("ENOENT");
});

test("a half-written last line is skipped and told of", async () => {
  const half = { "a.ndjson": `${JSON.stringify(first)}\n{"time":` };
  const { code, out, err, folder } = await runIn(half, ["records", "export", "--records", "a.ndjson"]);
  expect([code, out.split("\n").length]).toEqual([0, 2]);
  expect(err).toBe(`${path.join(folder, "a.ndjson")}: the last line was not written to its end and is skipped\n`);
});

test.for([
  [["export"], "give the place of the records: --records FOLDER, or --admin URL."],
  [["export", "--records", "a", "--admin", "http://localhost:1"], "give the place of the records"],
  [
    ["export", "--records", "a.ndjson", "--format", "xml"],
    '--format must be one of ndjson, csv, mooncake, otel-genai, not "xml".',
  ],
  [["export", "--records", "a.ndjson", "--since", "soon"], "--since must be a time or how long ago"],
  [["import"], 'expected export, not "import".'],
] as const)("%j is refused with its reason", async ([args, message]) => {
  const { code, err } = await runIn(files, ["records", ...args]);
  expect(code).toBe(2);
  expect(err).toContain(message);
});

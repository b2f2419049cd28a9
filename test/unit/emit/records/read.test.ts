import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { recordOf } from "../../../../src/core/records/record-of.ts";
import { readRecords, recordFilesIn } from "../../../../src/emit/records/read.ts";
import { outcome } from "../outcome.ts";

const line = (id: string): string => `${JSON.stringify(recordOf(outcome({ id })))}\n`;

async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "records-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, data] of Object.entries(files)) await writeFile(path.join(folder, name), data);
  return folder;
}

async function read(...places: string[]) {
  const half: string[] = [];
  const ids: string[] = [];
  const files = await recordFilesIn(places);
  for await (const { id } of readRecords(files, { halfWritten: (file) => void half.push(path.basename(file)) }))
    ids.push(id);
  return { ids, half };
}

test("the files of a folder are read in the order of time, compressed ones too, and no other file", async () => {
  const folder = await folderWith({
    "records-20260501T120001000Z-9-0.ndjson": line("third"),
    "records-20260501T120000000Z-10-1.ndjson": line("second"),
    "records-20260501T110000000Z-9-0.ndjson.gz": gzipSync(line("first")),
    "records-20260501T110000000Z-9-0.ndjson": line("the same, not yet removed"),
    "records-20260501T100000000Z-9-0.ndjson.gz.part": "half of it",
    "notes.txt": "none",
  });
  expect(await read(folder)).toEqual({ ids: ["first", "second", "third"], half: [] });
});

test("a file is read whatever its name", async () => {
  const folder = await folderWith({ "mine.jsonl": line("a") + line("b") });
  expect((await read(path.join(folder, "mine.jsonl"))).ids).toEqual(["a", "b"]);
});

test("a half-written last line is skipped and told of", async () => {
  const folder = await folderWith({ "a.ndjson": line("a") + line("b").slice(0, 30) });
  expect(await read(path.join(folder, "a.ndjson"))).toEqual({ ids: ["a"], half: ["a.ndjson"] });
});

test("a whole last line without its line end is read", async () => {
  const folder = await folderWith({ "a.ndjson": line("a").trimEnd() });
  expect(await read(path.join(folder, "a.ndjson"))).toEqual({ ids: ["a"], half: [] });
});

test.for([
  ["in the middle", `${line("a")}{"time":1\n${line("b")}`, "a.ndjson:2: the line is no JSON."],
  ["of another kind", `${line("a")}{"time":1}`, "a.ndjson:2: the line is no record: id: is required"],
])("a line %s that is no record is named with its reason", async ([, text = "", message = ""]) => {
  const folder = await folderWith({ "a.ndjson": text });
  await expect(read(path.join(folder, "a.ndjson"))).rejects.toThrow(message);
});

test("a compressed file that is damaged is named", async () => {
  const folder = await folderWith({ "a.ndjson.gz": gzipSync(line("a")).subarray(0, 40) });
  await expect(read(path.join(folder, "a.ndjson.gz"))).rejects.toThrow(
    /a\.ndjson\.gz: it cannot be read: unexpected end/,
  );
});

test("a place that is not there, and a folder without records, are named", async () => {
  const folder = await folderWith({});
  await mkdir(path.join(folder, "empty"));
  await expect(read(path.join(folder, "none"))).rejects.toThrow(/none: it cannot be read: ENOENT/);
  await expect(read(path.join(folder, "empty"))).rejects.toThrow("there are no files of records in this folder");
});

import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { createRecordFiles, type RecordFilesOptions } from "../../../../src/emit/records/files.ts";

const startMs = Date.parse("2026-05-01T12:00:00Z");
const mib = 1024 * 1024;

async function setUp(changes: Partial<RecordFilesOptions> = {}) {
  const parent = await mkdtemp(path.join(tmpdir(), "records-"));
  onTestFinished(async () => {
    await chmod(parent, 0o700);
    await rm(parent, { recursive: true });
  });
  const dir = path.join(parent, "files");
  let nowMs = startMs;
  const logged: string[] = [];
  const say = (_details: object, message: string): void => void logged.push(message);
  const files = createRecordFiles({
    dir,
    maxBytes: 8 * mib,
    maxAgeMs: 60_000,
    compress: false,
    writer: { pid: 7, loop: 0 },
    loops: 1,
    log: { info: say, warn: say },
    wallClockMs: () => nowMs,
    ...changes,
  });
  onTestFinished(() => files.close());
  return {
    files,
    dir,
    parent,
    logged,
    later: (ms: number) => void (nowMs += ms),
    names: async () => (await readdir(dir)).sort(),
    text: async (name: string) => await readFile(path.join(dir, name), "utf8"),
    async write(text: string): Promise<void> {
      const { written, dropped } = files.counts();
      files.write(text, 1);
      await expect.poll(() => files.counts().written + files.counts().dropped).toBe(written + dropped + 1);
    },
  };
}

test("records stand in a file that only its owner reads, in a folder that is made for it", async () => {
  const { files, dir, names, text } = await setUp();
  files.write("one\ntwo\n", 2);
  await files.close();
  expect(await names()).toEqual(["records-20260501T120000000Z-7-0.ndjson"]);
  expect(await text("records-20260501T120000000Z-7-0.ndjson")).toBe("one\ntwo\n");
  const modes = [await stat(dir), await stat(path.join(dir, "records-20260501T120000000Z-7-0.ndjson"))];
  expect(modes.map(({ mode }) => (mode & 0o777).toString(8))).toEqual(["700", "600"]);
});

test("a file is closed when its share of an eighth is full, and the next record begins another", async () => {
  const { write, names } = await setUp({ loops: 2 });
  await write("x".repeat(mib / 2));
  await write("y");
  expect(await names()).toEqual(["records-20260501T120000000Z-7-0.ndjson", "records-20260501T120000001Z-7-0.ndjson"]);
});

test("a file is closed when it is old enough", async () => {
  const { write, later, names } = await setUp();
  await write("one\n");
  later(59_999);
  await write("two\n");
  expect(await names()).toHaveLength(1);
  later(1);
  await write("three\n");
  expect(await names()).toEqual(["records-20260501T120000000Z-7-0.ndjson", "records-20260501T120100000Z-7-0.ndjson"]);
});

test("the oldest files are removed, and all together are never larger than maxBytes", async () => {
  const { write, later, names, dir } = await setUp();
  for (let index = 0; index < 12; index += 1) {
    await write("x".repeat(mib));
    later(1000);
  }
  const sizes = await Promise.all((await names()).map(async (name) => (await stat(path.join(dir, name))).size));
  expect(sizes.reduce((total, size) => total + size, 0)).toBeLessThanOrEqual(8 * mib);
  expect((await names()).at(-1)).toBe("records-20260501T120011000Z-7-0.ndjson");
});

test("other files in the folder are left alone", async () => {
  const { write, later, names, dir } = await setUp();
  await write("x".repeat(mib));
  await writeFile(path.join(dir, "notes.txt"), "z".repeat(9 * mib));
  later(1000);
  await write("y");
  expect(await names()).toContain("notes.txt");
  expect(await names()).toHaveLength(3);
});

test("closed files are compressed where that is wanted, and only their owner reads them", async () => {
  const { files, write, names, dir } = await setUp({ compress: true });
  await write("one\n");
  await files.close();
  expect(await names()).toEqual(["records-20260501T120000000Z-7-0.ndjson.gz"]);
  const file = path.join(dir, "records-20260501T120000000Z-7-0.ndjson.gz");
  expect(gunzipSync(await readFile(file)).toString()).toBe("one\n");
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe("600");
});

test("a file that was removed while it was written is begun anew", async () => {
  const { write, later, names, dir } = await setUp();
  await write("one\n");
  await rm(path.join(dir, "records-20260501T120000000Z-7-0.ndjson"));
  later(5);
  await write("two\n");
  expect(await names()).toEqual(["records-20260501T120000005Z-7-0.ndjson"]);
});

test("a folder that cannot be made drops records with one line in the log, and writing goes on when it can", async () => {
  const { files, write, parent, logged, names } = await setUp();
  const inTheWay = path.join(parent, "files");
  await writeFile(inTheWay, "");
  await write("one\n");
  await write("two\n");
  expect(files.counts()).toEqual({ written: 0, dropped: 2 });
  await rm(inTheWay);
  await write("three\n");
  expect(files.counts()).toEqual({ written: 1, dropped: 2 });
  expect(await names()).toHaveLength(1);
  expect(logged).toEqual([
    "could not write records; they are dropped until it works again",
    "records are written again",
  ]);
});

test("two writers that begin in the same millisecond have a file each", async () => {
  const one = await setUp();
  const other = createRecordFiles({
    dir: one.dir,
    maxBytes: 8 * mib,
    maxAgeMs: 60_000,
    compress: false,
    writer: { pid: 7, loop: 0 },
    loops: 1,
    log: { info: () => undefined, warn: () => undefined },
    wallClockMs: () => startMs,
  });
  await one.write("one\n");
  other.write("two\n", 1);
  await other.close();
  expect(await one.names()).toHaveLength(2);
});

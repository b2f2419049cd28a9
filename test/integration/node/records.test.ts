import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { parseRecord } from "../../../src/core/records/parse.ts";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import { readRecords, recordFilesIn } from "../../../src/emit/records/read.ts";
import { startNode, until, type NodeOptions } from "../../support/node.ts";
import { killRuns, run, serving } from "../../support/process.ts";
import { startUpstream } from "../../support/upstream.ts";

afterAll(killRuns);

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "records-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function startRecorded(config: Readonly<Record<string, unknown>>, options: NodeOptions = {}) {
  const folder = await newFolder();
  const node = await startNode({ records: { dir: "records" }, ...config }, { ...options, folder });
  onTestFinished(async () => void (await node.stop()));
  return { node, dir: path.join(folder, "records") };
}

async function readAll(dir: string): Promise<TrafficRecord[]> {
  const records: TrafficRecord[] = [];
  for await (const record of readRecords(await recordFilesIn([dir]), { halfWritten: () => undefined }))
    records.push(record);
  return records;
}

async function ask(url: string, more: RequestInit = {}, query = ""): Promise<void> {
  const response = await fetch(`${url}/v1/chat/completions${query}`, {
    method: "POST",
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] }),
    ...more,
  });
  await response.text();
}

const recordsOf = (text: string): TrafficRecord[] =>
  text
    .trim()
    .split("\n")
    .flatMap((line) => {
      const parsed = parseRecord(line);
      return parsed.ok ? [parsed.record] : [];
    });

test("the calls of all event loops are in files when the node has stopped, and in its admin API before", async () => {
  const { node, dir } = await startRecorded({}, { workers: 2 });
  for (let count = 0; count < 20; count += 1) await ask(node.url, { headers: { connection: "close" } });
  await node.idle();
  const inMemory = recordsOf(await (await fetch(`${node.adminUrl}/admin/v1/records`)).text());
  expect(inMemory).toHaveLength(20);
  expect(inMemory.map(({ time }) => time)).toEqual(inMemory.map(({ time }) => time).toSorted((a, b) => a - b));
  const last = recordsOf(await (await fetch(`${node.adminUrl}/admin/v1/records?limit=3&since=1h&model=gpt-4o`)).text());
  expect(last).toEqual(inMemory.slice(-3));
  await node.stop();
  expect((await readAll(dir)).length).toBe(20);
});

test("records that are written are counted in the metrics", async () => {
  const { node } = await startRecorded({});
  await ask(node.url);
  await until("a record in a file", async () =>
    (await node.metric("stuntdouble_records_written_total")) === 1 ? true : undefined,
  );
  expect(await node.metric("stuntdouble_records_dropped_total")).toBe(0);
});

test("without the section there are no records, and the admin API says how to have them", async () => {
  const node = await startNode();
  onTestFinished(async () => void (await node.stop()));
  const response = await fetch(`${node.adminUrl}/admin/v1/records`);
  expect([response.status, await response.text()]).toEqual([404, expect.stringContaining("the section records")]);
  expect(await node.metrics()).not.toMatch(/^stuntdouble_records/m);
});

test("no record, report or metric has a secret of a request or a response", async () => {
  const canary = "canary-5f1d";
  const upstream = await startUpstream((response) => {
    response.setHeader("content-type", "application/json");
    response.setHeader("x-secret", canary);
    response.end(JSON.stringify({ choices: [{ message: { content: canary } }], usage: { prompt_tokens: 3 } }));
  });
  onTestFinished(() => upstream.stop());
  const { node, dir } = await startRecorded({
    upstreams: { a: { url: upstream.url } },
    rules: [{ name: "real", match: { header: { "x-real": "1" } }, serve: "forward", mirror: "simulate" }],
  });
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: canary }], user: canary });
  for (const real of ["0", "1"]) {
    const headers = { authorization: `Bearer ${canary}`, "x-api-key": canary, cookie: canary, "x-real": real };
    await ask(node.url, { headers, body }, `?key=${canary}`);
    await ask(node.url, { headers, body: `{"${canary}` }, `?key=${canary}`);
  }
  const shown = await (await fetch(`${node.adminUrl}/admin/v1/records`)).text();
  const report = await (await fetch(`${node.adminUrl}/admin/v1/shadow/report`)).text();
  expect(JSON.parse(report)).toMatchObject({ calls: { compared: 1 } });
  const metrics = await node.metrics();
  await node.stop();
  const files = await readdir(dir);
  const written = await Promise.all(files.map((file) => readFile(path.join(dir, file), "utf8")));
  expect(recordsOf(written.join(""))).toHaveLength(4);
  expect(written.join("") + shown + report + metrics + node.logLines().join("\n")).not.toContain(canary);
});

test("a node that is killed leaves files that can be read, with all that was written before", async () => {
  const dir = path.join(await newFolder(), "records");
  const config = `listen: { host: 127.0.0.1, port: 0 }
admin: { port: 0 }
workers: 2
records: { dir: ${dir} }
default: { serve: simulate, profile: instant }
`;
  const started = await run(["start", "--config", "stuntdouble.yaml"], { "stuntdouble.yaml": config });
  const url = `http://127.0.0.1:${await serving(started)}`;
  for (let count = 0; count < 10; count += 1) await ask(url, { headers: { connection: "close" } });
  // Nobody stops the node: its records are written as time goes by.
  await until("ten records in files", async () => {
    const records = await readAll(dir).catch(() => []);
    return records.length === 10 ? true : undefined;
  });
  const under = Promise.all(Array.from({ length: 50 }, () => ask(url).catch(() => undefined)));
  started.child.kill("SIGKILL");
  await started.exited;
  await under;
  expect((await readAll(dir)).length).toBeGreaterThanOrEqual(10);
  for (const file of await readdir(dir)) expect((await stat(path.join(dir, file))).mode & 0o777).toBe(0o600);
});

/** A file system of 256 KiB; undefined where this machine does not let us mount one. */
async function smallDisk(): Promise<string | undefined> {
  const folder = await newFolder();
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k,mode=0700", "none", folder]);
  if (status !== 0) return undefined;
  onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return folder;
}

test("a full disk stops records and no call; with room again they are whole", async ({ skip }) => {
  const disk = await smallDisk();
  if (disk === undefined) return skip("no file system can be mounted here");
  const ballast = path.join(disk, "ballast");
  const left = await writeFile(ballast, Buffer.alloc(256 * 1024)).catch((error: unknown) => error);
  const dir = path.join(disk, "records");
  const node = await startNode({ records: { dir } });
  onTestFinished(async () => void (await node.stop()));
  await ask(node.url);
  await until("a dropped record", async () =>
    (await node.metric("stuntdouble_records_dropped_total")) === 1 ? true : undefined,
  );
  await rm(ballast);
  await ask(node.url);
  await until("a written record", async () =>
    (await node.metric("stuntdouble_records_written_total")) === 1 ? true : undefined,
  );
  expect([await readAll(dir), left]).toEqual([[expect.objectContaining({ status: 200 })], undefined]);
  const said = node.logLines().filter((line) => line.includes("records"));
  expect(said).toEqual([
    expect.stringContaining("could not write records; they are dropped until it works again"),
    expect.stringContaining("records are written again"),
  ]);
  const statuses = (await node.outcomes(2)).map(({ status }) => status);
  expect(statuses).toEqual([200, 200]);
});

import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { administered, killRuns, run, serving, type Run } from "../../support/process.ts";
import { chatBody } from "../../support/raw.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
});
afterEach(async () => {
  killRuns();
  await rm(folder, { recursive: true });
});

const outage = { name: "outage", percentage: 100, durationMs: 60_000, faults: [{ kind: "status", status: 503 }] };
const others = { workers: 2, limits: { overload: "off" }, chaos: { autostart: true, historyFile: "runs.ndjson" } };

async function started(config: object): Promise<Run> {
  const file = path.join(folder, "node.json");
  await writeFile(file, JSON.stringify(config));
  const program = await run(["start", "--port", "0", "--admin-port", "0", "--config", file]);
  await serving(program);
  return program;
}

type Shown = { readonly name: string; readonly state: string; readonly by: string; readonly endedAt?: string };

async function experimentsOf(program: Run): Promise<readonly Shown[]> {
  const response = await fetch(`http://127.0.0.1:${await administered(program)}/admin/v1/experiments`);
  return ((await response.json()) as { experiments: readonly Shown[] }).experiments;
}

async function statusOf(program: Run): Promise<number> {
  const url = `http://127.0.0.1:${await serving(program)}/v1/chat/completions`;
  return (await fetch(url, { method: "POST", body: chatBody() })).status;
}

test("an experiment of the configuration acts from the first call on, and a run in which the node was killed is known as expired", async () => {
  const first = await started({ ...others, experiments: [outage] });
  expect(await statusOf(first)).toBe(503);
  const file = path.join(folder, "runs.ndjson");
  await until("the run in its file", async () => (await stat(file).catch(() => undefined))?.size);
  first.child.kill("SIGKILL");
  await first.exited;
  const second = await started({ ...others, experiments: [outage] });
  const shown = await experimentsOf(second);
  expect(shown).toMatchObject([
    { name: "outage", state: "running", by: "configuration" },
    { name: "outage", state: "expired", by: "configuration" },
  ]);
  expect(shown[1]?.endedAt).toBeUndefined();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("a node that is stopped says when its experiments expired", async () => {
  const first = await started({ ...others, experiments: [outage] });
  first.child.kill("SIGTERM");
  expect(await first.exited).toBe(0);
  const second = await started({ ...others, experiments: [] });
  expect(await experimentsOf(second)).toMatchObject([
    { name: "outage", state: "expired", endedAt: expect.stringMatching(/^\d{4}-/) },
  ]);
});

test("a reload with other experiments neither stops what runs nor starts anything", async () => {
  const program = await started({ ...others, experiments: [outage] });
  const changed = { ...others, experiments: [{ ...outage, name: "other" }], models: ["*"] };
  await writeFile(path.join(folder, "node.json"), JSON.stringify(changed));
  program.child.kill("SIGHUP");
  await until("the reload", () => (program.out().includes("configuration in force") ? true : undefined));
  expect(await experimentsOf(program)).toMatchObject([{ name: "outage", state: "running" }]);
  expect(await statusOf(program)).toBe(503);
});

test("a history whose folder is missing is said in the log, and the node serves", async () => {
  const chaos = { ...others.chaos, historyFile: "missing/runs.ndjson" };
  const program = await started({ ...others, chaos, experiments: [outage] });
  expect(await statusOf(program)).toBe(503);
  await until("the log line", () => (program.out().includes("could not write chaos.historyFile") ? true : undefined));
});

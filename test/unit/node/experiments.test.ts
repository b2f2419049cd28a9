import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { outage } from "../core/experiments/any-run.ts";
import { createRunner } from "./runner.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "runs-"));
});
afterEach(() => rm(folder, { recursive: true }));

const chaos = { historyFile: "runs.ndjson" };

test("an experiment that runs is never forgotten, however many end after it", async () => {
  const { experiments } = await createRunner();
  const { id } = await experiments.start({ ...outage, name: "long" }, "ann");
  for (let count = 0; count < 120; count += 1) {
    const { id: short } = await experiments.start(outage, "ann");
    await experiments.stop(short, "ann");
  }
  expect(experiments.find(id)).toMatchObject({ name: "long", state: "running" });
  expect(experiments.list().length).toBeLessThan(110);
  await experiments.close();
});

test("the last hundred runs that ended survive a restart, by their order", async () => {
  const first = await createRunner({ chaos }, { folder });
  for (let count = 0; count < 103; count += 1) {
    const { id } = await first.experiments.start({ ...outage, name: `run-${count}` }, "ann");
    await first.experiments.stop(id, "bob");
  }
  await first.experiments.close();
  expect((await readFile(path.join(folder, "runs.ndjson"), "utf8")).trimEnd().split("\n")).toHaveLength(100);
  const second = await createRunner({ chaos }, { folder });
  await second.experiments.restore();
  const list = second.experiments.list();
  expect(list).toEqual(first.experiments.list().slice(0, 100));
  expect([list[0], list.at(-1)]).toMatchObject([{ name: "run-102", stoppedBy: "bob" }, { name: "run-3" }]);
  await second.experiments.close();
});

test("a run under way when the node stops is expired, and says when", async () => {
  const { experiments, clock } = await createRunner({ chaos }, { folder });
  const { id } = await experiments.start(outage, "ann");
  clock.advance(5000);
  await experiments.close();
  const next = await createRunner({ chaos }, { folder });
  await next.experiments.restore();
  expect(next.experiments.find(id)).toMatchObject({ state: "expired", endedAt: new Date(clock.now()).toISOString() });
  await next.experiments.close();
});

test("a run in which the node died is known, is expired, and takes no place from others", async () => {
  const first = await createRunner({ chaos }, { folder });
  const { id } = await first.experiments.start(outage, "ann");
  await expect.poll(() => readFile(path.join(folder, "runs.ndjson"), "utf8")).toContain(id);
  const { experiments } = await createRunner({ chaos }, { folder });
  await experiments.restore();
  expect(experiments.list()).toMatchObject([{ id, state: "expired" }]);
  for (let count = 0; count < 32; count += 1) await experiments.start(outage, "ann");
  await expect(experiments.start(outage, "ann")).rejects.toMatchObject({ status: 409 });
  await Promise.all([experiments.close(), first.experiments.close()]);
});

test("autostart starts every experiment of the configuration, also where the admin API would not", async () => {
  const config = {
    admin: { host: "0.0.0.0" },
    chaos: { autostart: true },
    experiments: [outage, { ...outage, name: "later", baselineMs: 5000 }],
  };
  const { experiments } = await createRunner(config);
  await experiments.autostart();
  expect(experiments.list()).toMatchObject([
    { name: "later", state: "baseline", by: "configuration" },
    { name: "outage", state: "running", by: "configuration" },
  ]);
  await expect(experiments.start({ configured: "outage" }, "ann")).rejects.toMatchObject({ status: 403 });
  await experiments.close();
});

test("without autostart an experiment of the configuration is started by name only", async () => {
  const { experiments } = await createRunner({ experiments: [outage] });
  await experiments.autostart();
  expect(experiments.list()).toEqual([]);
  expect(await experiments.start({ configured: "outage" }, "ann")).toMatchObject({ name: "outage", by: "ann" });
  await experiments.close();
});

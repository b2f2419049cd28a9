import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noCounts } from "../../../../src/core/clients/counts.ts";
import type { ClientTotals } from "../../../../src/core/clients/totals.ts";
import { outage } from "../../core/experiments/any-run.ts";
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

test("a report tells what each client did from the first fault on, and keeps it", async () => {
  const honest = { by: "key", name: "checkout" } as const;
  const hasty = { by: "user-agent", name: "batch/1.0" } as const;
  let totals: ClientTotals = [{ client: honest, counts: { ...noCounts(), attempts: 50, succeeded: 50 } }];
  const clients = (): ClientTotals => totals;
  const first = await createRunner({ chaos }, { folder, clients });
  const { id } = await first.experiments.start(outage, "ann");
  const later = { ...noCounts(), attempts: 56, retries: 2, succeeded: 54, "wait as-asked": 2 };
  const tooMany = { ...noCounts(), attempts: 9, retries: 6, "wait ignored": 6, gaveUp: 3 };
  totals = [
    { client: honest, counts: later },
    { client: hasty, counts: tooMany },
  ];
  const seen = [
    { userAgent: "batch/1.0", requests: 3, attemptsPerRequest: 3, gaveUp: 3, retries: { total: 6, ignored: 6 } },
    { key: "checkout", requests: 4, attemptsPerRequest: 1.5, succeeded: 4, retries: { total: 2, asAsked: 2 } },
  ];
  expect(first.experiments.find(id)?.clients).toMatchObject(seen);
  await first.experiments.stop(id, "bob");
  totals = [{ client: honest, counts: { ...later, attempts: 100 } }];
  expect(first.experiments.find(id)?.clients).toMatchObject(seen);
  await first.experiments.close();
  const second = await createRunner({ chaos }, { folder });
  await second.experiments.restore();
  expect(second.experiments.find(id)?.clients).toMatchObject(seen);
  await second.experiments.close();
});

test("what clients did is read in the scope of each run, also of one in whose place another has run", async () => {
  const read: (number | undefined)[] = [];
  const clients = (slot?: number): ClientTotals => {
    read.push(slot);
    return [];
  };
  const { experiments } = await createRunner({}, { clients });
  for (let count = 0; count < 2; count += 1) {
    const { id } = await experiments.start(
      { name: "a", percentage: 1, durationMs: 1000, faults: [{ kind: "hang" }] },
      "me",
    );
    await experiments.stop(id, "me");
  }
  expect(read).toEqual([0, 0, 1, 1]);
});

test("what clients did in the baseline is not in the report", async () => {
  const client = { by: "key", name: "checkout" } as const;
  let attempts = 10;
  const clients = (): ClientTotals => [{ client, counts: { ...noCounts(), attempts } }];
  const { experiments, clock } = await createRunner({}, { clients });
  const { id } = await experiments.start({ ...outage, baselineMs: 2000 }, "ann");
  attempts = 20;
  expect(experiments.find(id)?.clients).toEqual([]);
  for (let second = 0; second < 4; second += 1) {
    clock.advance(1000);
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }
  attempts = 23;
  expect(experiments.find(id)).toMatchObject({ state: "running", clients: [{ key: "checkout", attempts: 3 }] });
  await experiments.close();
});

test("affected calls under way are told beside how many there may be, as long as it runs", async () => {
  const { experiments, loop } = await createRunner();
  const limits = { maxConcurrent: 5 };
  const { id } = await experiments.start({ ...outage, limits }, "ann");
  loop.take(0, limits);
  loop.take(0, limits);
  expect(experiments.list()).toMatchObject([{ concurrent: 2, maxConcurrent: 5 }]);
  expect(experiments.find(id)).toMatchObject({ concurrent: 2, maxConcurrent: 5 });
  expect(experiments.readings()).toEqual([
    { name: "experiment_concurrent_calls", labels: ["outage"], value: 2 },
    { name: "experiment_concurrent_calls_limit", labels: ["outage"], value: 5 },
  ]);
  expect(await experiments.stop(id, "ann")).not.toHaveProperty("concurrent");
  expect(experiments.readings()).toEqual([]);
});

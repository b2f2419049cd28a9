import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../../src/limits/clock.ts";
import { createPermitMemory, createPermits } from "../../../src/limits/permits/permits.ts";
import type { Report, Task } from "./permits-threads.worker.ts";

const started = new Set<Worker>();
afterEach(async () => {
  await Promise.all([...started].map((worker) => worker.terminate()));
  started.clear();
});

function setUp(options: { max: number; queue: number; workers: number }) {
  const memory = createPermitMemory(options);
  const watch = new SharedArrayBuffer(8);
  const permits = createPermits({ memory, worker: options.workers, clock: systemClock(), queueTimeoutMs: 5000 });
  const start = (task: Pick<Task, "worker" | "job"> & Partial<Task>): Worker => {
    const worker = new Worker(new URL("./permits-threads.worker.ts", import.meta.url), {
      workerData: { memory, watch, ...task } satisfies Task,
    });
    started.add(worker);
    return worker;
  };
  return { permits, start, most: () => new Int32Array(watch)[1] };
}

async function message(worker: Worker): Promise<unknown> {
  const [value] = await once(worker, "message");
  return value;
}

test("threads that take and release at once never exceed the limit and leave nothing behind", async () => {
  const { permits, start, most } = setUp({ max: 5, queue: 12, workers: 3 });
  const workers = [0, 1, 2].map((worker) => start({ worker, job: "hammer", forMs: 600, width: 6 }));
  const reports = (await Promise.all(workers.map(message))) as Report[];
  for (const { taken, waited, ended } of reports) {
    expect(taken).toBeGreaterThan(0);
    expect(waited).toBeGreaterThan(0);
    expect(Object.keys(ended).filter((code) => code !== "CLIENT_GONE" && code !== "QUEUE_FULL")).toEqual([]);
  }
  expect(most()).toBe(5);
  expect(permits.inFlight()).toBe(0);
  expect(permits.waiting()).toBe(0);
});

test("a release in one thread wakes the waiter of another", async () => {
  const { permits, start } = setUp({ max: 1, queue: 1, workers: 2 });
  const holder = start({ worker: 0, job: "take one" });
  await message(holder);
  expect(await message(holder)).toBe("taken");
  const waiter = start({ worker: 1, job: "take one" });
  expect(await message(waiter)).toBe("asked");
  expect(permits.waiting()).toBe(1);
  const served = message(waiter);
  holder.postMessage("release");
  expect(await served).toBe("taken");
  expect(permits.inFlight()).toBe(1);
});

test("a limit raised by the supervisor wakes a waiting thread", async () => {
  const { permits, start } = setUp({ max: 1, queue: 1, workers: 1 });
  permits.tryTake();
  const waiter = start({ worker: 0, job: "take one" });
  await message(waiter);
  const served = message(waiter);
  permits.setMax(2);
  expect(await served).toBe("taken");
});

test("the permits of a thread that is ended at any moment come back", async () => {
  const { permits, start } = setUp({ max: 3, queue: 20, workers: 2 });
  const survivor = start({ worker: 0, job: "hammer", forMs: 1500, width: 4 });
  const report = message(survivor);
  for (let deaths = 0; deaths < 10; deaths += 1) {
    const victim = start({ worker: 1, job: "keep taking" });
    await message(victim);
    await sleep(3 + deaths);
    await victim.terminate();
    permits.returnAllOf(1);
    expect(permits.inFlight()).toBeLessThanOrEqual(3);
  }
  await report;
  expect(permits.inFlight()).toBe(0);
  expect(permits.waiting()).toBe(0);
  expect([permits.tryTake(), permits.tryTake(), permits.tryTake(), permits.tryTake()].map(Boolean)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

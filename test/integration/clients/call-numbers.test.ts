import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createNumberMemory } from "../../../src/limits/clients/call-numbers.ts";
import type { Task } from "./call-numbers.worker.ts";

test("threads that number calls at once give each number once", async () => {
  const memory = createNumberMemory();
  const calls = 20_000;
  const workers = [0, 1].map(
    (worker) =>
      new Worker(new URL("./call-numbers.worker.ts", import.meta.url), {
        workerData: { memory, worker, calls } satisfies Task,
      }),
  );
  const numbers = (await Promise.all(workers.map(async (worker) => (await once(worker, "message"))[0]))).flat();
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 2 * calls }, (_, index) => index + 1));
}, 60_000);

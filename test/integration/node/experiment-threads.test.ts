import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { createExperimentMemory, createNodeCounts } from "../../../src/limits/experiment-counts.ts";
import type { Report, Task } from "./experiment-threads.worker.ts";

test("threads that run at the same time never exceed the limits of an experiment, and use them up", async () => {
  const threads = 2;
  const limits = { maxCalls: 50_000, maxConcurrent: 4 };
  const memory = createExperimentMemory(threads);
  const watch = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT);
  const reports = await Promise.all(
    Array.from({ length: threads }, async (_, worker): Promise<Report> => {
      const workerData: Task = { memory, worker, threads, limits, watch };
      const thread = new Worker(new URL("experiment-threads.worker.ts", import.meta.url), { workerData });
      const [report] = (await once(thread, "message")) as [Report];
      return report;
    }),
  );
  const [, now, most] = new Int32Array(watch);
  expect(reports.reduce((sum, { taken }) => sum + taken, 0)).toBe(limits.maxCalls);
  expect({ now, most }).toEqual({ now: 0, most: limits.maxConcurrent });
  // Both were at work, and in each other's way.
  for (const { taken, refused } of reports) expect(Math.min(taken, refused)).toBeGreaterThan(1000);
  expect(createNodeCounts(memory, threads).read(3)).toEqual({ affected: limits.maxCalls, concurrent: 0 });
});

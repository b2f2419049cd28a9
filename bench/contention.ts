import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createPermitMemory } from "../src/limits/permits/permits.ts";
import { createRateMemory } from "../src/limits/rates.ts";
import { noteCost } from "./costs.ts";
import type { Task } from "./contention.worker.ts";
import { figure, median, spread, type Figure } from "./lib.ts";

const repeats = 7;
const forMs = 700;
const loops = 2;
/** A simulated JSON response, of which the contention is told as a share; that of docs/performance.md. */
const requestMicros = 24.4;

/**
 * What a call costs more where a second event loop takes permits and rate limits at the same time.
 *
 * Four variants in turns: one thread or two, with and without what they share. What two threads cost more without sharing
 * anything is the machine's and is taken off.
 */
export async function contention(): Promise<Figure[]> {
  const extra: number[] = [];
  const machine: number[] = [];
  for (let round = 0; round < repeats; round += 1) {
    const [aloneOwn, bothOwn] = [await microsPerCall(1, false), await microsPerCall(loops, false)];
    const [alone, both] = [await microsPerCall(1, true), await microsPerCall(loops, true)];
    extra.push(both - bothOwn - (alone - aloneOwn));
    machine.push(bothOwn / aloneOwn);
  }
  const percentage = (Math.max(0, median(extra)) / requestMicros) * 100;
  console.log(
    `contention       a second event loop adds ${spread(extra, 2)} µs to a call; two threads without shared memory cost ${spread(machine, 2)} of one`,
  );
  noteCost("contentionPercentage", Number(percentage.toFixed(2)));
  noteCost("contentionCores", loops);
  return [
    figure("a second event loop, CPU added to a call", percentage, { atMost: 5, digits: 1, unit: " %" }),
  ];
}

/** CPU time of a call, on the average of all threads. */
async function microsPerCall(threads: number, shares: boolean): Promise<number> {
  const permits = createPermitMemory({ max: 1000, queue: 100, workers: loops });
  const rates = createRateMemory(1);
  const times = await Promise.all(
    Array.from({ length: threads }, async (_, worker) => {
      const workerData: Task = { permits, rates, worker, forMs, shares };
      const thread = new Worker(new URL("./contention.worker.ts", import.meta.url), { workerData });
      const [micros] = (await once(thread, "message")) as [number];
      return micros;
    }),
  );
  return times.reduce((sum, micros) => sum + micros, 0) / threads;
}

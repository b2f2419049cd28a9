import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { quantileOf } from "../src/core/statistics/quantile.ts";
import { createPermitMemory } from "../src/limits/permits/permits.ts";
import { createRateMemory } from "../src/limits/rates.ts";
import type { Task } from "./contention.worker.ts";
import { noteCost } from "./costs.ts";
import { figure, median, spread, type Figure } from "./lib.ts";

const repeats = 9;
const forMs = 700;
const loops = 2;
/** A simulated JSON response, of which the contention is told as a share; that of docs/performance.md. */
const requestMicros = 24.4;

/**
 * What a call costs more where another event loop takes permits and the same key's rate limit without a pause.
 *
 * That is an upper bound: between two calls an event loop does other things for most of its time.
 */
export async function contention(): Promise<Figure[]> {
  const alone: number[] = [];
  const both: number[] = [];
  for (let round = 0; round < repeats; round += 1) {
    alone.push(await microsPerCall(1));
    both.push(await microsPerCall(loops));
  }
  const extra = both.map((micros, round) => micros - (alone[round] ?? 0)).filter(Number.isFinite);
  console.log(
    `contention       permits and rate limits of a call: alone ${spread(alone, 2)} µs CPU, beside a second event loop ${spread(both.filter(Number.isFinite), 2)} µs`,
  );
  const percentage = (Math.max(0, median(extra)) / requestMicros) * 100;
  noteCost("contentionPercentage", Number(percentage.toFixed(1)));
  noteCost("contentionCores", loops);
  return [figure("a second event loop, CPU added to a call", percentage, { atMost: 5, digits: 1, unit: " %" })];
}

/** CPU time of a call in the middle one of the slices in which all threads ran; NaN where they never did. */
async function microsPerCall(threads: number): Promise<number> {
  const permits = createPermitMemory({ max: 1000, queue: 100, workers: loops });
  const rates = createRateMemory(1);
  const progress = new SharedArrayBuffer(loops * Int32Array.BYTES_PER_ELEMENT);
  const slices = await Promise.all(
    Array.from({ length: threads }, async (_, worker) => {
      const workerData: Task = { permits, rates, progress, worker, threads, forMs };
      const thread = new Worker(new URL("./contention.worker.ts", import.meta.url), { workerData });
      const [micros] = (await once(thread, "message")) as [number[]];
      return micros;
    }),
  );
  const sorted = slices.flat().sort((a, b) => a - b);
  return quantileOf(sorted, 0.5);
}

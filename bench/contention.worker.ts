import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../src/limits/clock.ts";
import { createPermits } from "../src/limits/permits/permits.ts";
import { createRates } from "../src/limits/rates.ts";

/** What the benchmark gives to each thread. */
export type Task = {
  readonly permits: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  /** Calls that each thread has done. */
  readonly progress: SharedArrayBuffer;
  readonly worker: number;
  readonly threads: number;
  readonly forMs: number;
};

const task: Task = workerData;
const clock = systemClock();
const permits = createPermits({ memory: task.permits, worker: task.worker, clock, queueTimeoutMs: 1000 });
const limits = [{ requestsPerMinute: 1e9, tokensPerMinute: 1e12 }];
const rates = createRates({ memory: task.rates, clock, limits });
const progress = new Int32Array(task.progress);
const other = (task.worker + 1) % task.threads;
const callsInSlice = 10_000;
/** Of a slice that counts, the other thread has done so many calls at the same time. */
const least = task.threads === 1 ? 0 : callsInSlice / 2;

function takeShared(): void {
  const permit = permits.tryTake();
  rates.take(0, 100);
  rates.settle(0, 10);
  permit?.release();
}

/** CPU time of a call, in microseconds, in each slice in which all threads ran. */
function slices(untilMs: number): number[] {
  const found: number[] = [];
  while (clock.now() < untilMs) {
    const [from, begun] = [process.threadCpuUsage(), Atomics.load(progress, other)];
    for (let call = 0; call < callsInSlice; call += 1) takeShared();
    const used = process.threadCpuUsage(from);
    Atomics.add(progress, task.worker, callsInSlice);
    if (Atomics.load(progress, other) - begun >= least) found.push((used.user + used.system) / callsInSlice);
  }
  return found;
}

slices(clock.now() + task.forMs / 3);
parentPort?.postMessage(slices(clock.now() + task.forMs));

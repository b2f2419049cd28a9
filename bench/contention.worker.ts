import { parentPort, threadId, workerData } from "node:worker_threads";
import { systemClock } from "../src/limits/clock.ts";
import { createPermits } from "../src/limits/permits/permits.ts";
import { createRates } from "../src/limits/rates.ts";

/** What the benchmark gives to each thread. */
export type Task = {
  readonly permits: SharedArrayBuffer;
  readonly rates: SharedArrayBuffer;
  readonly worker: number;
  readonly forMs: number;
  /** Whether a call takes what event loops share, or only its own time. */
  readonly shares: boolean;
};

const task: Task = workerData;
const clock = systemClock();
const permits = createPermits({ memory: task.permits, worker: task.worker, clock, queueTimeoutMs: 1000 });
const limits = [{ requestsPerMinute: 1e9, tokensPerMinute: 1e12 }];
const rates = createRates({ memory: task.rates, clock, limits });

/** About as long as the rest of a call takes, without any memory that others use. */
function ownWork(seed: number): number {
  let mixed = seed;
  for (let round = 0; round < 12_000; round += 1) mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) + round;
  return mixed;
}

function takeShared(): void {
  const permit = permits.tryTake();
  permits.utilisation();
  rates.take(0, 100);
  rates.settle(0, 10);
  permit?.release();
}

function calls(untilMs: number): number {
  let done = 0;
  let mixed = threadId;
  while (clock.now() < untilMs) {
    for (let batch = 0; batch < 50; batch += 1) {
      mixed = ownWork(mixed);
      if (task.shares) takeShared();
    }
    done += 50;
  }
  return done + (mixed === 0.5 ? 1 : 0);
}

calls(clock.now() + task.forMs / 3);
const before = process.threadCpuUsage();
const done = calls(clock.now() + task.forMs);
const used = process.threadCpuUsage(before);
parentPort?.postMessage((used.user + used.system) / done);

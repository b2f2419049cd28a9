import { parentPort, workerData } from "node:worker_threads";
import { createLoopCounts } from "../../../src/limits/experiment-counts.ts";

/** What the test gives to each thread. */
export type Task = {
  readonly memory: SharedArrayBuffer;
  readonly worker: number;
  readonly threads: number;
  readonly limits: { readonly maxCalls: number; readonly maxConcurrent: number };
  /** Numbers that all threads share: those that are ready, calls affected now, and the most there ever were. */
  readonly watch: SharedArrayBuffer;
};

/** What a thread tells at its end: how many calls it took, and how often it was refused one. */
export type Report = { readonly taken: number; readonly refused: number };

const { memory, worker, threads, limits, watch: shared }: Task = workerData;
const counts = createLoopCounts(memory, { loops: threads, worker });
const watch = new Int32Array(shared);
const slot = 3;
let taken = 0;
let refused = 0;
let held = 0;

function take(): void {
  if (!counts.take(slot, limits)) {
    refused += 1;
    return;
  }
  taken += 1;
  held += 1;
  const now = Atomics.add(watch, 1, 1) + 1;
  let most = Atomics.load(watch, 2);
  while (now > most) most = Atomics.compareExchange(watch, 2, most, now);
}

function release(): void {
  held -= 1;
  Atomics.sub(watch, 1, 1);
  counts.release(slot);
}

Atomics.add(watch, 0, 1);
while (Atomics.load(watch, 0) < threads) continue;
// Until nothing is left for anybody: then each is refused at each try.
for (let inVain = 0; inVain < 10_000;) {
  const before = taken;
  for (let calls = 0; calls < 3; calls += 1) take();
  inVain = taken === before && held === 0 ? inVain + 1 : 0;
  while (held > 0) release();
}
parentPort?.postMessage({ taken, refused } satisfies Report);

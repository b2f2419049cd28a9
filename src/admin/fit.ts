import { Worker } from "node:worker_threads";
import type { Fit, FitOptions } from "../core/fit/fit.ts";
import type { TrafficRecord } from "../core/records/types.ts";

/** Records, and what a profile is fitted to them with. Plain data. */
export type Fitting = {
  readonly records: readonly TrafficRecord[];
  readonly options: Omit<FitOptions, "source" | "description">;
};

let last: Promise<unknown> = Promise.resolve();

/**
 * A latency profile fitted to records, found in a thread of its own: it takes up to some seconds, in which no call may wait. One is
 * found at a time.
 *
 * @throws what the thread throws
 */
export function fitInThread(fitting: Fitting): Promise<Fit> {
  const found = last.then(() => runThread(fitting));
  last = found.catch(() => undefined);
  return found;
}

function runThread(fitting: Fitting): Promise<Fit> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./fit.worker.ts", import.meta.url), { workerData: fitting });
    worker.once("message", (fit: Fit) => resolve(fit));
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("The thread ended without a profile.")));
  });
}

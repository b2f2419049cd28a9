import { Worker } from "node:worker_threads";
import type { Judging } from "../core/shadow/judge.ts";
import type { Verdict } from "../core/shadow/verdict.ts";

let last: Promise<unknown> = Promise.resolve();

/**
 * The verdict on mirrored calls, found in a thread of its own: it takes up to some seconds, in which no call may wait. One is found
 * at a time.
 *
 * @throws what the thread throws
 */
export function verdictInThread(judging: Judging): Promise<Verdict> {
  const found = last.then(() => runThread(judging));
  last = found.catch(() => undefined);
  return found;
}

function runThread(judging: Judging): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./verdict.worker.ts", import.meta.url), { workerData: judging });
    worker.once("message", (verdict: Verdict) => resolve(verdict));
    worker.once("error", reject);
    worker.once("exit", () => reject(new Error("The thread ended without a verdict.")));
  });
}

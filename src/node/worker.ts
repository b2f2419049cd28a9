import { parentPort, workerData } from "node:worker_threads";
import { toStuntdoubleError } from "../core/errors.ts";
import { createLineBatch, createLog } from "../emit/log.ts";
import { systemClock } from "../limits/clock.ts";
import type { WorkerRequest, ThreadData, WorkerMessage } from "./channel.ts";
import { createEventLoop, type EventLoop } from "./event-loop.ts";
import { warmUp } from "./warm-up.ts";

/** Lines wait so long before they go to the main thread together. */
const logEveryMs = 100;
const logChars = 64 * 1024;

warmUp();
const port = parentPort;
if (port === null) throw new Error("worker.ts runs in a worker thread only");
const data = workerData as ThreadData;
const tell = (told: WorkerMessage): void => port.postMessage(told);
const clock = systemClock();
const batch = createLineBatch((text) => tell({ kind: "log", text }), {
  everyMs: logEveryMs,
  maxChars: logChars,
  clock,
});

const traffic: EventLoop = createEventLoop({
  ...data,
  clock,
  log: createLog({ level: data.settings.config.log.level, batch }),
  wallClockMs: () => Date.now(),
  onSeries: (series) => tell({ kind: "series", series }),
  onBreaker: (upstream, state) => tell({ kind: "breaker", upstream, state }),
});

/** Carries out one of EventLoop's methods for the main thread. */
async function answer({ id, method, args }: WorkerRequest): Promise<void> {
  try {
    const carryOut = traffic[method] as (...args: readonly unknown[]) => Promise<unknown>;
    const value = await carryOut(...args);
    if (method === "stop" || method === "drain") batch.flush();
    tell({ kind: "answer", id, value });
  } catch (error) {
    const { code, message } = toStuntdoubleError(error);
    tell({ kind: "failure", id, code, message });
  }
}

port.on("message", (ask: WorkerRequest) => void answer(ask));

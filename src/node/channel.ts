import { Worker } from "node:worker_threads";
import { StuntdoubleError, type ErrorCode } from "../core/errors.ts";
import type { Settings } from "../config/load.ts";
import type { Series } from "../emit/metrics.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { SharedMemory } from "./shared-memory.ts";
import type { EventLoop } from "./event-loop.ts";

/** What a worker thread is started with. */
export type ThreadData = {
  readonly worker: number;
  readonly memory: SharedMemory;
  readonly settings: Settings;
  readonly knownSeries: readonly Series[];
};

/** A call of one of EventLoop's methods, sent to the thread. */
export type WorkerRequest = {
  readonly id: number;
  readonly method: keyof EventLoop;
  readonly args: readonly unknown[];
};

/** What a thread says. */
export type WorkerMessage =
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly id: number; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "series"; readonly series: Series }
  | { readonly kind: "breaker"; readonly upstream: string; readonly state: BreakerState }
  | { readonly kind: "log"; readonly text: string };

/** Who hears what a thread says. */
export type ThreadEvents = {
  onSeries(series: Series): void;
  onBreaker(upstream: string, state: BreakerState): void;
  onLog(text: string): void;
  /** The thread is gone without having been asked to stop. */
  onDeath(reason: string): void;
};

/**
 * Starts an event loop with traffic in a thread of its own.
 *
 * @returns each method is carried out there; it rejects when the thread dies first
 */
export function startThread(data: ThreadData, events: ThreadEvents): EventLoop {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: data });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  let stopping = false;
  let gone = false;
  let reason = "it ended";

  worker.on("message", (told: WorkerMessage) => {
    switch (told.kind) {
      case "answer":
        waiting.get(told.id)?.resolve(told.value);
        waiting.delete(told.id);
        return;
      case "failure":
        waiting.get(told.id)?.reject(new StuntdoubleError(told.code, told.message));
        waiting.delete(told.id);
        return;
      case "series":
        return events.onSeries(told.series);
      case "breaker":
        return events.onBreaker(told.upstream, told.state);
      case "log":
        return events.onLog(told.text);
    }
  });
  worker.on("error", (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  const died = (): StuntdoubleError => new StuntdoubleError("INTERNAL", `Worker ${data.worker} died.`);
  worker.on("exit", () => {
    gone = true;
    for (const { reject } of waiting.values()) reject(died());
    waiting.clear();
    if (!stopping) events.onDeath(reason);
  });

  const request = <Value>(method: keyof EventLoop, ...args: readonly unknown[]): Promise<Value> =>
    new Promise((resolve, reject) => {
      if (gone) return reject(died());
      asked += 1;
      waiting.set(asked, { resolve: (value) => resolve(value as Value), reject });
      worker.postMessage({ id: asked, method, args } satisfies WorkerRequest);
    });
  return {
    listen: (address) => request("listen", address),
    apply: (settings) => request("apply", settings),
    setBreaker: (upstream, state) => request("setBreaker", upstream, state),
    breakers: () => request("breakers"),
    requests: (limit) => request("requests", limit),
    shadow: () => request("shadow"),
    cacheUse: () => request("cacheUse"),
    drain: () => request("drain"),
    async stop() {
      stopping = true;
      await request("stop");
      await worker.terminate();
    },
  };
}

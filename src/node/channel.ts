import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import type { Cloneable } from "../admin/question.ts";
import { StuntdoubleError, toStuntdoubleError, type ErrorCode } from "../core/errors.ts";
import type { Settings } from "../config/load.ts";
import type { Series } from "../emit/series.ts";
import type { BreakerState } from "../limits/breaker.ts";
import type { EventLoop, EventLoopEvents, EventLoopStart } from "./event-loop.ts";
import type { Address } from "./listeners.ts";

/** What a worker is asked to do. It replies to each request, by its id. */
export type WorkerRequest = { readonly id: number; readonly task: WorkerTask };

/** One method of an event loop with its arguments. A question goes by its name. */
export type WorkerTask =
  | { readonly kind: "listen"; readonly address: Address }
  | { readonly kind: "apply"; readonly settings: Settings }
  | { readonly kind: "ask"; readonly question: string; readonly args: readonly Cloneable[] }
  | { readonly kind: "set"; readonly state: string; readonly value: Cloneable }
  | { readonly kind: "unready" }
  | { readonly kind: "drain" }
  | { readonly kind: "stop" };

/** What a worker says: the end of a request, or something that happened in it. */
export type WorkerMessage =
  | { readonly kind: "reply"; readonly id: number; readonly value: Cloneable }
  | { readonly kind: "failure"; readonly id: number; readonly error: PackedError }
  | { readonly kind: "series"; readonly series: Series }
  | { readonly kind: "breaker"; readonly upstream: string; readonly state: BreakerState }
  | { readonly kind: "log"; readonly text: string };

/** What happens in a worker by itself. */
export type WorkerEvents = EventLoopEvents & {
  /** Whole lines of its log. */
  onLog(text: string): void;
  /** It is gone without having been asked to stop. */
  onDeath(reason: string): void;
};

/** The worker died before it replied. */
export class WorkerGoneError extends Error {}

/**
 * Starts an event loop in a worker thread.
 *
 * @returns each method is carried out there; it rejects with the error that was thrown there, or with WorkerGoneError
 */
export function startWorker(start: EventLoopStart, events: WorkerEvents): EventLoop {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: start });
  const requests = createRequests((request) => worker.postMessage(request), `Worker ${start.worker} died.`);
  let stopping = false;
  let reason = "it ended";
  worker.on("message", (message: WorkerMessage) => receive(message, requests, events));
  worker.on("error", (error) => {
    reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  });
  worker.on("exit", () => {
    requests.end();
    if (!stopping) events.onDeath(reason);
  });
  return {
    listen: (address) => requests.send({ kind: "listen", address }),
    ask: (question, ...args) => requests.send({ kind: "ask", question: question.name, args }),
    apply: async (settings) => void (await requests.send({ kind: "apply", settings })),
    set: async (state, value) => void (await requests.send({ kind: "set", state, value })),
    unready: () => requests.send({ kind: "unready" }),
    drain: async () => void (await requests.send({ kind: "drain" })),
    async stop() {
      stopping = true;
      try {
        await requests.send({ kind: "stop" });
      } finally {
        await worker.terminate();
      }
    },
  };
}

function receive(message: WorkerMessage, requests: Requests, events: WorkerEvents): void {
  switch (message.kind) {
    case "reply":
      return requests.take(message.id)?.resolve(message.value);
    case "failure":
      return requests.take(message.id)?.reject(unpackError(message.error));
    case "series":
      return events.onSeries(message.series);
    case "breaker":
      return events.onBreaker(message.upstream, message.state);
    case "log":
      return events.onLog(message.text);
  }
}

/** Requests to one worker that it has not replied to. */
type Requests = {
  /** Resolves to the reply, which has the type that the method of the task gives back. */
  send<Reply extends Cloneable>(task: WorkerTask): Promise<Reply>;
  take(id: number): Waiting | undefined;
  /** Rejects all, and those to come. */
  end(): void;
};

type Waiting = { resolve(value: Cloneable): void; reject(error: Error): void };

function createRequests(post: (request: WorkerRequest) => void, whenGone: string): Requests {
  const waiting = new Map<number, Waiting>();
  let sent = 0;
  let gone = false;
  return {
    send: <Reply extends Cloneable>(task: WorkerTask) =>
      new Promise<Reply>((resolve, reject) => {
        if (gone) return reject(new WorkerGoneError(whenGone));
        sent += 1;
        waiting.set(sent, { resolve: (value: Reply) => resolve(value), reject });
        post({ id: sent, task });
      }),
    take(id) {
      const found = waiting.get(id);
      waiting.delete(id);
      return found;
    },
    end() {
      gone = true;
      for (const { reject } of waiting.values()) reject(new WorkerGoneError(whenGone));
      waiting.clear();
    },
  };
}

/** A StuntdoubleError as plain data. */
export type PackedError = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly more: { cause?: string; param?: string; detail?: string | null; retryAfterSeconds?: number; status: number };
};

/** Anything thrown in a worker, for the way to the main thread; its cause becomes a text. */
export function packError(caught: unknown): PackedError {
  const { code, message, status, param, detail, retryAfterSeconds, cause } = toStuntdoubleError(caught);
  return {
    code,
    message,
    more: {
      status,
      ...(param !== undefined && { param }),
      ...(detail !== undefined && { detail }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      ...(cause !== undefined && { cause: inspect(cause) }),
    },
  };
}

/** The error that was packed. */
export function unpackError({ code, message, more }: PackedError): StuntdoubleError {
  return new StuntdoubleError(code, message, more);
}

import { parentPort, workerData } from "node:worker_threads";
import type { AnyQuestion, Cloneable } from "../admin/question.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { createLineBatch, createLog } from "../emit/log.ts";
import { systemClock, wallClockMs } from "../limits/clock.ts";
import { packError, type WorkerMessage, type WorkerRequest, type WorkerTask } from "./channel.ts";
import { createEventLoop, type EventLoopStart } from "./event-loop.ts";
import { questionNamed } from "./questions.ts";
import { loadTracing } from "./tracing.ts";
import { warmUp } from "./warm-up.ts";

/** Lines wait so long before they go to the main thread together. */
const logEveryMs = 100;
const logChars = 64 * 1024;

warmUp();
const port = parentPort;
if (port === null) throw new Error("worker.ts runs in a worker thread only");
const start: EventLoopStart = workerData;
const say = (message: WorkerMessage): void => port.postMessage(message);
const clock = systemClock();
const batch = createLineBatch((text) => say({ kind: "log", text }), {
  everyMs: logEveryMs,
  maxChars: logChars,
  clock,
});

const log = createLog({ ...start.settings.config.log, batch, wallClockMs });

const eventLoop = createEventLoop({
  ...start,
  clock,
  log,
  tracing: await loadTracing(start.settings, log),
  wallClockMs,
  onSeries: (series) => say({ kind: "series", series }),
  onBreaker: (upstream, state) => say({ kind: "breaker", upstream, state }),
});

async function carryOut(task: WorkerTask): Promise<Cloneable> {
  switch (task.kind) {
    case "listen":
      return await eventLoop.listen(task.address);
    case "ask":
      return await eventLoop.ask(listed(task.question), ...task.args);
    case "apply":
      await eventLoop.apply(task.settings);
      break;
    case "set":
      await eventLoop.set(task.state, task.value);
      break;
    case "unready":
      return await eventLoop.unready();
    case "drain":
    case "stop":
      await eventLoop[task.kind]();
      batch.flush();
  }
  return undefined;
}

function listed(name: string): AnyQuestion {
  const question = questionNamed(name);
  if (question === undefined) throw new StuntdoubleError("INTERNAL", `No resource lists the question ${name}.`);
  return question;
}

async function handle({ id, task }: WorkerRequest): Promise<void> {
  try {
    say({ kind: "reply", id, value: await carryOut(task) });
  } catch (error) {
    say({ kind: "failure", id, error: packError(error) });
  }
}

port.on("message", (request: WorkerRequest) => void handle(request));

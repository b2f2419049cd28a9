import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../../src/limits/clock.ts";
import { createPermits, type Permit } from "../../../src/limits/permits/permits.ts";

/** What the test gives to each thread. */
export type Task = {
  readonly memory: SharedArrayBuffer;
  readonly worker: number;
  readonly job: "hammer" | "take one" | "keep taking";
  /** Hammer: how long, and how many calls at a time. */
  readonly forMs?: number;
  readonly width?: number;
  /** Two numbers that all threads share: calls that hold a permit now, and the most there ever were. */
  readonly watch: SharedArrayBuffer;
};

/** What a thread that hammered tells at its end. */
export type Report = {
  readonly taken: number;
  readonly waited: number;
  readonly ended: Readonly<Record<string, number>>;
};

const task: Task = workerData;
const watch = new Int32Array(task.watch);
const clock = systemClock();
const permits = createPermits({ memory: task.memory, worker: task.worker, clock, queueTimeoutMs: 2000 });
const ended: Record<string, number> = {};
let taken = 0;
let waited = 0;

/** Each thread on its own path, the same in each run. */
let chance = 12_345 + task.worker * 7919;
function draw(below: number): number {
  chance = (Math.imul(chance, 1_103_515_245) + 12_345) >>> 0;
  return (chance >>> 8) % below;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function once(): Promise<void> {
  const client = new AbortController();
  const quick = permits.tryTake();
  if (quick === undefined) waited += 1;
  if (draw(10) === 0) setImmediate(() => client.abort());
  try {
    const permit = quick ?? (await permits.take(client.signal));
    await hold(permit);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "other";
    ended[code] = (ended[code] ?? 0) + 1;
    await turn();
  }
}

async function hold(permit: Permit): Promise<void> {
  const now = Atomics.add(watch, 0, 1) + 1;
  let most = Atomics.load(watch, 1);
  while (now > most) most = Atomics.compareExchange(watch, 1, most, now);
  taken += 1;
  for (let turns = draw(3); turns > 0; turns -= 1) await turn();
  Atomics.sub(watch, 0, 1);
  permit.release();
}

async function hammer(): Promise<void> {
  const untilMs = clock.now() + (task.forMs ?? 500);
  const line = async (): Promise<void> => {
    while (clock.now() < untilMs) await once();
  };
  await Promise.all(Array.from({ length: task.width ?? 8 }, line));
  parentPort!.postMessage({ taken, waited, ended } satisfies Report);
}

async function takeOne(): Promise<void> {
  const taking = permits.take();
  parentPort!.postMessage("asked");
  const permit = await taking;
  parentPort!.postMessage("taken");
  parentPort!.once("message", () => {
    permit.release();
    parentPort!.postMessage("released");
    parentPort!.unref();
  });
}

/** Goes on until the thread is ended from outside. */
async function keepTaking(): Promise<void> {
  const line = async (): Promise<void> => {
    for (;;) {
      for (let calls = 0; calls < 200; calls += 1) permits.tryTake()?.release();
      const permit = await permits.take().catch(() => undefined);
      await turn();
      permit?.release();
    }
  };
  parentPort!.postMessage("asked");
  await Promise.all(Array.from({ length: task.width ?? 8 }, line));
}

const jobs = { hammer, "take one": takeOne, "keep taking": keepTaking };
await jobs[task.job]();

import { expect, test } from "vitest";
import type { ErrorCode } from "../../../../src/core/errors.ts";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { createPermitMemory, createPermits, type Permit } from "../../../../src/limits/permits/permits.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function setUp(options: { max: number; queue: number; queueTimeoutMs?: number; workers?: number }) {
  const clock = createFakeClock();
  const memory = createPermitMemory({ workers: 1, ...options });
  const open = (worker: number) =>
    createPermits({ memory, worker, clock, queueTimeoutMs: options.queueTimeoutMs ?? 2000 });
  return { clock, open, permits: open(0) };
}

/** Remembers the order in which waiting calls came to an end. */
function createDiary() {
  const entries: string[] = [];
  const held = new Map<string, Permit>();
  return {
    entries,
    held,
    follow(name: string, taking: Promise<Permit>): void {
      taking.then(
        (permit) => {
          held.set(name, permit);
          return entries.push(name);
        },
        (error: unknown) => entries.push(`${name}: ${codeOf(error)}`),
      );
    },
  };
}

function codeOf(error: unknown): ErrorCode {
  if (!(error instanceof StuntdoubleError)) throw error;
  return error.code;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function until(done: () => boolean): Promise<void> {
  while (!done()) await turn();
}

test("permits are given out up to the limit and no further", () => {
  const { permits } = setUp({ max: 2, queue: 0 });
  expect(permits.tryTake()).toBeDefined();
  expect(permits.tryTake()).toBeDefined();
  expect(permits.tryTake()).toBeUndefined();
  expect(permits.inFlight()).toBe(2);
});

test("a permit that is released can be taken again", () => {
  const { permits } = setUp({ max: 1, queue: 0 });
  permits.tryTake()!.release();
  expect(permits.tryTake()).toBeDefined();
});

test("a permit released twice counts once", () => {
  const { permits } = setUp({ max: 3, queue: 0 });
  const permit = permits.tryTake()!;
  permits.tryTake();
  permit.release();
  permit.release();
  expect(permits.inFlight()).toBe(1);
});

test("utilisation is the share of permits that are not available", () => {
  const { permits } = setUp({ max: 4, queue: 0 });
  permits.tryTake();
  expect(permits.utilisation()).toBe(0.25);
  expect(permits.available()).toBe(3);
});

test("a call that need not wait has waited 0 ms", async () => {
  const { permits } = setUp({ max: 1, queue: 1 });
  expect((await permits.take()).waitedMs).toBe(0);
});

test("calls wait in the order in which they came", async () => {
  const { permits, clock } = setUp({ max: 1, queue: 3 });
  const first = permits.tryTake()!;
  const diary = createDiary();
  for (const name of ["a", "b", "c"]) diary.follow(name, permits.take());
  clock.advance(30);
  first.release();
  await turn();
  expect(diary.entries).toEqual(["a"]);
  expect(diary.held.get("a")!.waitedMs).toBe(30);
  diary.held.get("a")!.release();
  await turn();
  diary.held.get("b")!.release();
  await turn();
  expect(diary.entries).toEqual(["a", "b", "c"]);
});

test("nobody overtakes a call that waits", async () => {
  const { permits } = setUp({ max: 2, queue: 2 });
  const first = permits.tryTake()!;
  const second = permits.tryTake()!;
  const diary = createDiary();
  diary.follow("waiting", permits.take());
  permits.setMax(1);
  first.release();
  expect(permits.tryTake()).toBeUndefined();
  diary.follow("later", permits.take());
  second.release();
  await turn();
  expect(diary.entries).toEqual(["waiting"]);
});

test("a full queue refuses at once and says when to come again", async () => {
  const { permits } = setUp({ max: 1, queue: 1, queueTimeoutMs: 2500 });
  permits.tryTake();
  const diary = createDiary();
  diary.follow("waiting", permits.take());
  const refusal = permits.take();
  await expect(refusal).rejects.toMatchObject({ code: "QUEUE_FULL", status: 503, retryAfterSeconds: 3 });
  expect(permits.queueRefusals()).toBe(1);
  expect(permits.waiting()).toBe(1);
});

test("without a queue a call is refused when no permit is free", async () => {
  const { permits } = setUp({ max: 1, queue: 0 });
  permits.tryTake();
  await expect(permits.take()).rejects.toMatchObject({ code: "QUEUE_FULL" });
});

test("a call waits until its deadline and no millisecond longer", async () => {
  const { permits, clock } = setUp({ max: 1, queue: 1, queueTimeoutMs: 200 });
  permits.tryTake();
  const diary = createDiary();
  diary.follow("late", permits.take());
  clock.advance(199);
  await turn();
  expect(diary.entries).toEqual([]);
  clock.advance(1);
  await turn();
  expect(diary.entries).toEqual(["late: QUEUE_TIMEOUT"]);
  expect(permits.waiting()).toBe(0);
  expect(permits.queueTimeouts()).toBe(1);
});

test("a deadline below a second tells the caller to come again in one", async () => {
  const { permits, clock } = setUp({ max: 1, queue: 1, queueTimeoutMs: 10 });
  permits.tryTake();
  const taking = permits.take();
  clock.advance(10);
  await expect(taking).rejects.toMatchObject({ code: "QUEUE_TIMEOUT", retryAfterSeconds: 1 });
});

test("a new deadline holds for calls that come later", async () => {
  const { permits, clock } = setUp({ max: 1, queue: 2, queueTimeoutMs: 1000 });
  permits.tryTake();
  const diary = createDiary();
  diary.follow("old", permits.take());
  permits.setQueueTimeoutMs(10);
  diary.follow("new", permits.take());
  clock.advance(10);
  await turn();
  expect(diary.entries).toEqual(["new: QUEUE_TIMEOUT"]);
});

test("a client that is gone before it asks gets nothing", async () => {
  const { permits } = setUp({ max: 1, queue: 1 });
  await expect(permits.take(AbortSignal.abort())).rejects.toMatchObject({ code: "CLIENT_GONE" });
  expect(permits.inFlight()).toBe(0);
});

test("a client that leaves the queue makes room and the next one is served", async () => {
  const { permits, clock } = setUp({ max: 1, queue: 2 });
  const first = permits.tryTake()!;
  const diary = createDiary();
  const gone = new AbortController();
  diary.follow("gone", permits.take(gone.signal));
  diary.follow("next", permits.take());
  gone.abort();
  expect(permits.waiting()).toBe(1);
  expect(clock.pending()).toBe(1);
  first.release();
  await turn();
  expect(diary.entries).toEqual(["gone: CLIENT_GONE", "next"]);
});

test("when the last client leaves the queue a free permit can be taken at once again", async () => {
  const { permits } = setUp({ max: 1, queue: 1 });
  const first = permits.tryTake()!;
  const gone = new AbortController();
  const taking = permits.take(gone.signal);
  gone.abort();
  await expect(taking).rejects.toMatchObject({ code: "CLIENT_GONE" });
  first.release();
  expect(permits.tryTake()).toBeDefined();
});

test("an abort after the permit was given changes nothing", async () => {
  const { permits } = setUp({ max: 1, queue: 1 });
  const first = permits.tryTake()!;
  const client = new AbortController();
  const taking = permits.take(client.signal);
  first.release();
  client.abort();
  const permit = await taking;
  expect(permits.inFlight()).toBe(1);
  permit.release();
  expect(permits.inFlight()).toBe(0);
});

test("a permit granted by another worker to a client that has just left goes back", async () => {
  const { permits, open } = setUp({ max: 1, queue: 1, workers: 2 });
  const other = open(1);
  const first = other.tryTake()!;
  const client = new AbortController();
  const taking = permits.take(client.signal);
  first.release();
  expect(permits.inFlight()).toBe(1);
  client.abort();
  await expect(taking).rejects.toMatchObject({ code: "CLIENT_GONE" });
  expect(permits.inFlight()).toBe(0);
  expect(other.tryTake()).toBeDefined();
});

test("a permit granted by another worker before the deadline is delivered at the deadline at the latest", async () => {
  const { permits, open, clock } = setUp({ max: 1, queue: 1, workers: 2, queueTimeoutMs: 50 });
  const first = open(1).tryTake()!;
  const diary = createDiary();
  diary.follow("waiter", permits.take());
  first.release();
  clock.advance(50);
  await Promise.resolve();
  expect(diary.entries).toEqual(["waiter"]);
  expect(diary.held.get("waiter")!.waitedMs).toBe(50);
  expect(permits.queueTimeouts()).toBe(0);
});

test("a permit released by one worker wakes the waiter of another", async () => {
  const { permits, open } = setUp({ max: 1, queue: 1, workers: 2 });
  const first = open(1).tryTake()!;
  const diary = createDiary();
  diary.follow("waiter", permits.take());
  first.release();
  await until(() => diary.entries.length > 0);
  expect(diary.entries).toEqual(["waiter"]);
});

test("waiters of several workers are served in the order in which they came", async () => {
  const { permits, open } = setUp({ max: 1, queue: 4, workers: 2 });
  const other = open(1);
  let holder = permits.tryTake()!;
  const diary = createDiary();
  for (const [name, from] of Object.entries({ a: other, b: permits, c: other, d: permits })) {
    diary.follow(name, from.take());
  }
  for (const name of ["a", "b", "c", "d"]) {
    holder.release();
    await until(() => diary.held.has(name));
    holder = diary.held.get(name)!;
  }
  expect(diary.entries).toEqual(["a", "b", "c", "d"]);
});

test("a lowered limit lets calls in flight run on and admits none until they are below it", () => {
  const { permits } = setUp({ max: 3, queue: 0 });
  const held = [permits.tryTake()!, permits.tryTake()!, permits.tryTake()!];
  permits.setMax(1);
  expect(permits.utilisation()).toBe(1);
  expect(permits.available()).toBe(0);
  held[0]!.release();
  held[1]!.release();
  expect(permits.tryTake()).toBeUndefined();
  held[2]!.release();
  expect(permits.tryTake()).toBeDefined();
});

test("a raised limit serves as many waiters as it has room for", async () => {
  const { permits } = setUp({ max: 1, queue: 3 });
  permits.tryTake();
  const diary = createDiary();
  for (const name of ["a", "b", "c"]) diary.follow(name, permits.take());
  permits.setMax(3);
  await turn();
  expect(diary.entries).toEqual(["a", "b"]);
  expect(permits.inFlight()).toBe(3);
});

test("a limit that is no whole number above 0 is refused", () => {
  const { permits } = setUp({ max: 1, queue: 0 });
  expect(() => permits.setMax(0)).toThrow(/permits\.max is 0/u);
  expect(() => createPermitMemory({ max: 1.5, queue: 0, workers: 1 })).toThrow(/permits\.max is 1\.5/u);
  expect(() => createPermitMemory({ max: 1, queue: -1, workers: 1 })).toThrow(/permits\.queue is -1/u);
});

test("a worker for whom there is no memory is refused", () => {
  const { open } = setUp({ max: 1, queue: 0, workers: 2 });
  expect(() => open(3)).toThrow(/worker is 3, but must be an integer from 0 to 2/u);
});

test("a dead worker's permits come back and go to those who wait", async () => {
  const { permits, open } = setUp({ max: 2, queue: 2, workers: 2 });
  const dead = open(1);
  dead.tryTake();
  dead.tryTake();
  const diary = createDiary();
  diary.follow("waiter", permits.take());
  permits.returnAllOf(1);
  await turn();
  expect(diary.entries).toEqual(["waiter"]);
  expect(permits.inFlight()).toBe(1);
});

test("a dead worker's places in the queue are free again and the others keep their order", async () => {
  const { permits, open } = setUp({ max: 1, queue: 3, workers: 2 });
  let holder = permits.tryTake()!;
  const diary = createDiary();
  diary.follow("a", permits.take());
  void open(1).take();
  diary.follow("b", permits.take());
  permits.returnAllOf(1);
  expect(permits.waiting()).toBe(2);
  for (const name of ["a", "b"]) {
    holder.release();
    await turn();
    holder = diary.held.get(name)!;
  }
  expect(diary.entries).toEqual(["a", "b"]);
});

test("a permit granted to a worker that died before it noticed comes back", () => {
  const { permits, open } = setUp({ max: 1, queue: 1, workers: 2 });
  const first = permits.tryTake()!;
  void open(1).take();
  first.release();
  expect(permits.inFlight()).toBe(1);
  permits.returnAllOf(1);
  expect(permits.inFlight()).toBe(0);
  expect(permits.tryTake()).toBeDefined();
});

test("the supervisor may have a number of its own beside the workers", () => {
  const { permits, open } = setUp({ max: 1, queue: 1, workers: 1 });
  permits.tryTake();
  const supervisor = open(1);
  expect(supervisor.inFlight()).toBe(1);
  supervisor.returnAllOf(0);
  expect(supervisor.inFlight()).toBe(0);
});

test("leaving the queue costs the same however long it is", async () => {
  const measure = async (waiters: number): Promise<number> => {
    const { permits } = setUp({ max: 1, queue: waiters });
    permits.tryTake();
    const clients = Array.from({ length: waiters }, () => new AbortController());
    const ends = Promise.allSettled(clients.map((client) => permits.take(client.signal)));
    const startMs = performance.now();
    // From the middle outwards, where a search from either end would take longest.
    for (let step = 0; step < waiters; step += 1) {
      clients[waiters / 2 + (step % 2 === 0 ? step / 2 : -(step + 1) / 2)]!.abort();
    }
    const tookMs = performance.now() - startMs;
    expect((await ends).every(({ status }) => status === "rejected")).toBe(true);
    expect(permits.waiting()).toBe(0);
    return tookMs;
  };
  const fastest = async (waiters: number): Promise<number> =>
    Math.min(await measure(waiters), await measure(waiters), await measure(waiters));
  await measure(1000);
  expect((await fastest(10_000)) / (await fastest(1000))).toBeLessThan(40);
});

test("a queue of 100,000 takes less than 64 bytes for each place", () => {
  const small = createPermitMemory({ max: 1, queue: 0, workers: 1 }).byteLength;
  const large = createPermitMemory({ max: 1, queue: 100_000, workers: 1 }).byteLength;
  expect((large - small) / 100_000).toBeLessThan(64);
});

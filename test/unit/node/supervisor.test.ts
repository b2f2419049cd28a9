import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Cloneable } from "../../../src/admin/question.ts";
import { settingsOf } from "../../../src/config/load.ts";
import type { BreakerState } from "../../../src/limits/breaker.ts";
import { createPermits } from "../../../src/limits/permits/permits.ts";
import { WorkerGoneError, type WorkerEvents } from "../../../src/node/channel.ts";
import type { EventLoop, EventLoopStart } from "../../../src/node/event-loop.ts";
import { createSharedMemory } from "../../../src/node/shared-memory.ts";
import { startSupervisor } from "../../../src/node/supervisor.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const settings = await settingsOf({}, {});

/** An event loop that only notes what it is asked. */
type FakeLoop = { readonly start: EventLoopStart; readonly events: WorkerEvents; readonly asked: string[] };

async function setUp({ workers = 2, open = {} }: { workers?: number; open?: Record<string, BreakerState> } = {}) {
  const clock = createFakeClock();
  const memory = createSharedMemory(settings.config, workers);
  const lines: string[] = [];
  const note = (details: object, message: string): void => {
    const worker = "worker" in details ? ` ${String(details.worker)}` : "";
    lines.push(message + worker);
  };
  const made: FakeLoop[] = [];
  const states = new Map<string, Cloneable>();
  const supervisor = await startSupervisor({
    memory,
    clock,
    states,
    clients: { returnLocksOf: () => undefined },
    permits: createPermits({ memory: memory.permits, worker: workers, clock, queueTimeoutMs: 1000 }),
    log: { info: note, warn: note, error: note, outcome: () => undefined },
    settings: () => settings,
    writeLog: () => undefined,
    async start(start, events) {
      const loop: FakeLoop = { start, events, asked: [] };
      made.push(loop);
      return fakeLoop(loop, open);
    },
  });
  const die = (loop: FakeLoop | undefined): void => loop?.events.onDeath("killed");
  return { clock, lines, made, states, supervisor, die };
}

function fakeLoop({ asked }: FakeLoop, open: Record<string, BreakerState>): EventLoop {
  return {
    async listen({ traffic }) {
      asked.push(`listen ${traffic.port}`);
      return { traffic: traffic.port, extProc: undefined };
    },
    apply: async () => undefined,
    async ask(question, ...args) {
      if (question.name !== "breakers") asked.push([question.name, ...args].join(" "));
      const view = { runtime: () => ({ upstreams: new Map(Object.entries(open).map(breakerOf)) }) };
      return question.reply(view as never, ...args);
    },
    set: async () => undefined,
    unready: async () => false,
    drain: async () => undefined,
    stop: async () => undefined,
  };
}

function breakerOf([upstream, state]: [string, BreakerState]): [string, object] {
  return [upstream, { breaker: { state: () => state, force: () => undefined } }];
}

test("each event loop starts with metrics of its own, the settings and the states", async () => {
  const { made, states } = await setUp({ workers: 3 });
  expect(made.map(({ start }) => start.worker)).toEqual([0, 1, 2]);
  expect(new Set(made.map(({ start }) => start.memory.metrics)).size).toBe(3);
  for (const { start } of made) expect([start.settings, start.states]).toEqual([settings, states]);
});

test("a breaker that opens in one event loop opens in the others", async () => {
  const { made } = await setUp({ workers: 3 });
  made[1]?.events.onBreaker("openai", "open");
  expect(made.map(({ asked }) => asked)).toEqual([["forceBreaker openai open"], [], ["forceBreaker openai open"]]);
});

test("a breaker that becomes half-open does so in each event loop by itself", async () => {
  const { made } = await setUp();
  made[0]?.events.onBreaker("openai", "half-open");
  expect(made[1]?.asked).toEqual([]);
});

test("a worker that dies is missing until another one takes its place after 100 ms", async () => {
  const { made, die, clock, supervisor, lines } = await setUp();
  die(made[1]);
  expect(supervisor.loops()).toHaveLength(1);
  clock.advance(99);
  expect(made).toHaveLength(2);
  clock.advance(1);
  await turn();
  expect(made[2]?.start.worker).toBe(1);
  expect(supervisor.loops()).toHaveLength(2);
  expect(lines).toEqual(["worker died 1", "worker replaced 1"]);
});

test("workers that die again and again are replaced later each time, but within the promised two seconds", async () => {
  const { made, die, clock } = await setUp();
  const waits: number[] = [];
  for (let death = 1; death <= 20; death += 1) {
    die(made.at(-1));
    const before = made.length;
    let waitedMs = 0;
    for (; made.length === before; waitedMs += 100) clock.advance(100);
    waits.push(waitedMs);
    await turn();
  }
  expect(waits.slice(0, 3)).toEqual([100, 200, 300]);
  expect(Math.max(...waits)).toBe(1500);
});

test("one that takes a dead one's place learns which breakers are open before it listens, where the others do", async () => {
  const { made, die, clock, supervisor } = await setUp({ open: { openai: "open", other: "closed" } });
  supervisor.listenAt({ traffic: { host: "127.0.0.1", port: 8080 }, extProc: undefined, shared: true });
  die(made[0]);
  clock.advance(100);
  await turn();
  expect(made[2]?.asked).toEqual(["forceBreaker openai open", "listen 8080"]);
});

test("one that takes a dead one's place has the states of the present and the label sets of the one before", async () => {
  const { made, die, clock, states } = await setUp();
  const series = { index: 0, metric: "client_gone_total", labels: [] } as const;
  made[0]?.events.onSeries(series);
  states.set("experiments", ["a"]);
  die(made[0]);
  clock.advance(100);
  expect(made[2]?.start.knownSeries).toEqual([series]);
  expect(made[2]?.start.states.get("experiments")).toEqual(["a"]);
});

test("a worker that cannot be reached is named in the log", async () => {
  const { made, supervisor, lines } = await setUp();
  const [, second] = supervisor.loops();
  Object.assign(second ?? {}, { ask: () => Promise.reject(new WorkerGoneError("Worker 1 died.")) });
  made[0]?.events.onBreaker("openai", "open");
  await turn();
  expect(lines).toEqual(["breaker 0", "could not reach worker 1"]);
});

test("a supervisor that is released replaces nobody", async () => {
  const { made, die, clock, supervisor } = await setUp();
  die(made[0]);
  supervisor.release();
  clock.advance(10_000);
  die(made[1]);
  clock.advance(10_000);
  expect(made).toHaveLength(2);
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { createPermitMemory, createPermits, type Permit, type Permits } from "../../src/limits/permits/permits.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

const queue = 4;
const queueTimeoutMs = 100;
const workers = 3;

type Call = {
  readonly worker: number;
  readonly deadlineMs: number;
  readonly client: AbortController;
  modelled: "waiting" | "holding" | "timed out" | "gone" | "lost";
  permit: Permit | undefined;
  end: string | undefined;
};

/** What permits should do, said as simply as can be: a limit, a list of holders, a list of waiters. */
class Model {
  max: number;
  holding: Call[] = [];
  waiting: Call[] = [];

  constructor(max: number) {
    this.max = max;
  }

  free(): boolean {
    return this.waiting.length === 0 && this.holding.length < this.max;
  }

  grant(): void {
    while (this.waiting.length > 0 && this.holding.length < this.max) {
      const next = this.waiting.shift()!;
      next.modelled = "holding";
      this.holding.push(next);
    }
  }

  drop(calls: readonly Call[], modelled: Call["modelled"]): void {
    for (const call of calls) call.modelled = modelled;
    this.holding = this.holding.filter((call) => !calls.includes(call));
    this.waiting = this.waiting.filter((call) => !calls.includes(call));
    this.grant();
  }
}

class World {
  readonly clocks: readonly FakeClock[] = Array.from({ length: workers }, () => createFakeClock());
  readonly permits: readonly Permits[];
  readonly dead = new Set<number>();
  readonly model: Model;
  readonly calls: Call[] = [];
  /** Where permits and model differ, in words. */
  readonly surprises: string[] = [];

  constructor(max: number) {
    this.model = new Model(max);
    const memory = createPermitMemory({ max, queue, workers });
    this.permits = this.clocks.map((clock, worker) => createPermits({ memory, worker, clock, queueTimeoutMs }));
  }

  tryTake(wanted: number): void {
    const worker = this.living(wanted);
    const permit = this.permits[worker]!.tryTake();
    if ((permit !== undefined) !== this.model.free())
      this.surprises.push(`tryTake gave ${permit === undefined ? "no" : "a"} permit`);
    if (permit === undefined) return;
    const call = this.call(worker);
    call.modelled = "holding";
    call.permit = permit;
    this.model.holding.push(call);
  }

  take(wanted: number): void {
    const worker = this.living(wanted);
    const call = this.call(worker);
    const { model } = this;
    if (model.free()) {
      call.modelled = "holding";
      model.holding.push(call);
    } else if (model.waiting.length < queue) {
      model.waiting.push(call);
    } else {
      call.modelled = "lost";
    }
    this.permits[worker]!.take(call.client.signal).then(
      (permit) => (call.permit = permit),
      (error: unknown) => {
        if (!(error instanceof StuntdoubleError)) throw error;
        call.end = error.code;
      },
    );
  }

  call(worker: number): Call {
    const client = new AbortController();
    const deadlineMs = this.clocks[worker]!.now() + queueTimeoutMs;
    const call: Call = { worker, deadlineMs, client, modelled: "waiting", permit: undefined, end: undefined };
    this.calls.push(call);
    return call;
  }

  living(worker: number): number {
    return this.dead.has(worker) ? 0 : worker;
  }

  /** Only of calls that have noticed their permit, which those of another worker do a little later. */
  release(pick: number): void {
    const able = this.model.holding.filter((call) => call.permit !== undefined);
    const call = able[pick % able.length];
    if (call === undefined) return;
    this.model.drop([call], "gone");
    call.permit!.release();
    call.permit!.release();
  }

  abort(pick: number): void {
    const unserved = [...this.model.waiting, ...this.model.holding.filter(({ permit }) => permit === undefined)];
    const call = unserved[pick % unserved.length];
    if (call === undefined) return;
    this.model.drop([call], "gone");
    call.client.abort();
  }

  advance(ms: number): void {
    const untilMs = this.clocks[0]!.now() + ms;
    const late = this.model.waiting.filter((call) => call.deadlineMs <= untilMs);
    this.model.drop(late, "timed out");
    for (const [worker, clock] of this.clocks.entries()) if (!this.dead.has(worker)) clock.advance(ms);
  }

  setMax(max: number): void {
    this.model.max = max;
    this.model.grant();
    this.permits[0]!.setMax(max);
  }

  die(worker: number): void {
    if (this.dead.has(worker)) return;
    this.dead.add(worker);
    this.model.drop(
      this.calls.filter((call) => call.worker === worker),
      "lost",
    );
    this.permits[0]!.returnAllOf(worker);
  }

  check(after: string): void {
    const wanted = `${this.model.holding.length} in flight, ${this.model.waiting.length} waiting`;
    for (const each of this.permits) {
      const found = `${each.inFlight()} in flight, ${each.waiting()} waiting`;
      if (found !== wanted) this.surprises.push(`after ${after}: ${found} instead of ${wanted}`);
    }
    if (this.model.waiting.some(({ permit }) => permit !== undefined)) this.surprises.push(`after ${after}: overtaken`);
  }

  /** How each call of a living worker stands, as the caller sees it and as the model does. */
  standing(): { found: string[]; modelled: string[] } {
    const calls = this.calls.filter(({ modelled }) => ["holding", "waiting", "timed out"].includes(modelled));
    return {
      found: calls.map(({ permit, end }) => (permit === undefined ? (end ?? "waiting") : "holding")),
      modelled: calls.map(({ modelled }) => (modelled === "timed out" ? "QUEUE_TIMEOUT" : modelled)),
    };
  }

  async settle(): Promise<void> {
    for (let turns = 0; turns < 200 && this.model.holding.some(({ permit }) => permit === undefined); turns += 1) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
  }
}

const worker = fc.nat({ max: workers - 1 });
const pick = fc.nat({ max: 20 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("tryTake" as const), with: worker }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("take" as const), with: worker }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("release" as const), with: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("abort" as const), with: pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), with: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("setMax" as const), with: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("die" as const), with: fc.constantFrom(1, 2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), with: fc.constant(0) }) },
);

test("permits of several workers do what a list of holders and a list of waiters would do", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { minLength: 40, maxLength: 120 }),
      async (max, steps) => {
        const world = new World(max);
        for (const { do: command, with: argument } of steps) {
          await world[command](argument);
          world.check(command);
          for (let ticks = 0; ticks < 5; ticks += 1) await Promise.resolve();
        }
        await world.settle();
        expect(world.surprises).toEqual([]);
        const { found, modelled } = world.standing();
        expect(found).toEqual(modelled);
        world.setMax(1000);
        await world.settle();
        for (const call of world.model.holding) call.permit!.release();
        expect(world.permits[0]!.inFlight()).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createTimer, createWheel, type Timer, type Wheel } from "../../src/act/wheel.ts";
import { createBusyClock, type BusyClock } from "../support/busy-clock.ts";

const timers = 12;
/** Quarters of a millisecond, so that sums are exact. */
const millis = (max: number) => fc.nat({ max: max * 4 }).map((quarters) => quarters / 4);
const delays = fc.oneof(millis(40), millis(7000));
const which = fc.nat({ max: timers - 1 });

/** A timer that, when it fires, does something to another one. */
const sideEffects = fc.option(
  fc.oneof(
    fc.record({ does: fc.constant("arm" as const), other: which, delayMs: delays }),
    fc.record({ does: fc.constant("disarm" as const), other: which }),
  ),
);
const steps = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant("arm" as const), timer: which, delayMs: delays }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("disarm" as const), timer: which }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("advance" as const), ms: delays }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("block" as const), ms: millis(1900) }) },
);
type Step = typeof steps extends fc.Arbitrary<infer Value> ? Value : never;
type SideEffect = typeof sideEffects extends fc.Arbitrary<infer Value> ? Value : never;

/** Longest time from `dueMs` on, when nothing is busy: to the next tick, and to the clock's next whole step. */
const latestMs = 2;

/** The simplest thing that knows when each timer must fire. */
class Model {
  readonly clock: BusyClock = createBusyClock();
  readonly wheel: Wheel = createWheel(this.clock);
  readonly dueMs = new Map<number, number>();
  readonly all: Timer[];
  #blockedMs = 0;
  #lastTick = 0;

  constructor(sideEffects: readonly SideEffect[]) {
    this.all = Array.from({ length: timers }, (_, index) =>
      createTimer((nowMs) => this.#fired(index, nowMs, sideEffects[index] ?? null)),
    );
  }

  run(step: Step): void {
    this.#lastTick = 0;
    if (step.does === "arm") this.#arm(step.timer, step.delayMs);
    else if (step.does === "disarm") this.#disarm(step.timer);
    else if (step.does === "advance") this.clock.advance(step.ms);
    else {
      this.#blockedMs = step.ms;
      this.clock.block(step.ms);
      this.#blockedMs = 0;
    }
    this.check();
  }

  check(): void {
    expect(this.wheel.size()).toBe(this.dueMs.size);
    expect(this.clock.pending()).toBe(this.dueMs.size === 0 ? this.clock.pending() & 1 : 1);
    for (const dueMs of this.dueMs.values()) expect(dueMs).toBeGreaterThan(this.clock.now() - latestMs);
  }

  #arm(index: number, delayMs: number): void {
    const dueMs = this.clock.now() + delayMs;
    this.dueMs.set(index, dueMs);
    this.wheel.arm(this.all[index]!, dueMs);
  }

  #disarm(index: number): void {
    this.dueMs.delete(index);
    this.wheel.disarm(this.all[index]!);
  }

  #fired(index: number, nowMs: number, sideEffect: SideEffect): void {
    const dueMs = this.dueMs.get(index);
    expect(dueMs, "only an armed timer fires").toBeDefined();
    expect(nowMs).toBe(this.clock.now());
    expect(nowMs).toBeGreaterThanOrEqual(dueMs!);
    expect(nowMs).toBeLessThan(dueMs! + latestMs + this.#blockedMs);
    const tick = Math.ceil(dueMs!);
    expect(tick, "in the order of ticks").toBeGreaterThanOrEqual(this.#lastTick);
    this.#lastTick = tick;
    this.dueMs.delete(index);
    if (sideEffect?.does === "arm" && sideEffect.other !== index) this.#arm(sideEffect.other, sideEffect.delayMs + 0.25);
    else if (sideEffect?.does === "disarm") this.#disarm(sideEffect.other);
  }
}

test("every timer fires once, in the order of ticks, never early and at its own tick, however timers are armed, moved and disarmed", () => {
  fc.assert(
    fc.property(
      fc.array(sideEffects, { minLength: timers, maxLength: timers }),
      fc.array(steps, { maxLength: 40 }),
      (sideEffects, steps) => {
        const model = new Model(sideEffects);
        for (const step of steps) model.run(step);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

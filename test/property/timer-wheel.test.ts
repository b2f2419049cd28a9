import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createTimer, createWheel, type Timer } from "../../src/act/timer-wheel.ts";
import { createBusyClock } from "../support/clocks/busy-clock.ts";

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

/** Longest time from `dueMs` on, when nothing is busy: to the clock's next whole step. */
const latestMs = 1;

/** The simplest thing that knows when each timer must fire, and complains when it does not. */
function createModel(sideEffects: readonly SideEffect[]) {
  const clock = createBusyClock();
  const wheel = createWheel(clock);
  const dueMs = new Map<number, number>();
  const complaints: string[] = [];
  let blockedMs = 0;
  let lastTick = 0;
  const all: Timer[] = Array.from({ length: timers }, (_, index) => createTimer((nowMs) => fired(index, nowMs)));

  const arm = (index: number, delayMs: number): void => {
    dueMs.set(index, clock.now() + delayMs);
    wheel.arm(all[index]!, clock.now() + delayMs);
  };
  const disarm = (index: number): void => {
    dueMs.delete(index);
    wheel.disarm(all[index]!);
  };
  const fired = (index: number, nowMs: number): void => {
    const due = dueMs.get(index);
    if (due === undefined) return void complaints.push(`timer ${index} fired without being armed`);
    if (nowMs !== clock.now()) complaints.push(`timer ${index} was told ${nowMs}, but it was ${clock.now()}`);
    if (nowMs < due) complaints.push(`timer ${index} fired ${due - nowMs} ms early`);
    if (nowMs > due + latestMs + blockedMs) complaints.push(`timer ${index} fired ${nowMs - due} ms late`);
    if (Math.ceil(due) < lastTick) complaints.push(`timer ${index} fired after one of a later tick`);
    lastTick = Math.ceil(due);
    dueMs.delete(index);
    const effect = sideEffects[index];
    if (effect?.does === "arm" && effect.other !== index) arm(effect.other, effect.delayMs + 0.25);
    else if (effect?.does === "disarm") disarm(effect.other);
  };
  const check = (): void => {
    if (wheel.size() !== dueMs.size) complaints.push(`${wheel.size()} timers are armed instead of ${dueMs.size}`);
    if (clock.pending() > 1) complaints.push(`${clock.pending()} system timers are pending`);
    for (const [index, due] of dueMs) {
      if (due <= clock.now() - latestMs) complaints.push(`timer ${index} did not fire`);
    }
  };
  const run = (step: Step): void => {
    lastTick = 0;
    if (step.does === "arm") arm(step.timer, step.delayMs);
    else if (step.does === "disarm") disarm(step.timer);
    else if (step.does === "advance") clock.advance(step.ms);
    else {
      blockedMs = step.ms;
      clock.block(step.ms);
      blockedMs = 0;
    }
    check();
  };
  return { run, complaints };
}

test("every timer fires once, in the order of ticks, never early and at its own tick, however timers are armed, moved and disarmed", () => {
  fc.assert(
    fc.property(
      fc.array(sideEffects, { minLength: timers, maxLength: timers }),
      fc.array(steps, { maxLength: 40 }),
      (sideEffects, steps) => {
        const model = createModel(sideEffects);
        for (const step of steps) model.run(step);
        expect(model.complaints).toEqual([]);
      },
    ),
    { seed: 1, numRuns: 500 },
  );
});

import { afterEach, expect, test, vi } from "vitest";
import { createPermitMemory, createPermits } from "../../../../src/limits/permits/permits.ts";
import { PermitTable } from "../../../../src/limits/permits/table.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const steps = ["load", "store", "add", "sub", "and", "or", "exchange", "compareExchange", "notify"] as const;

class Died extends Error {}

/** From here on each atomic step counts, and after `lifeSteps` of them none is carried out any more. */
function mortal(lifeSteps: number): { live(task: () => void): void } {
  let left = lifeSteps;
  return {
    live(task) {
      for (const name of steps) {
        const real = Atomics[name] as (...given: unknown[]) => unknown;
        const counted = (...given: unknown[]): unknown => {
          if (left === 0) throw new Died();
          left -= 1;
          return real(...given);
        };
        vi.spyOn(Atomics, name).mockImplementation(counted as never);
      }
      try {
        task();
      } finally {
        vi.restoreAllMocks();
      }
    },
  };
}

afterEach(() => void vi.restoreAllMocks());

/** Two workers share two permits; the second dies after so many steps, or lives through it all. */
function play(lifeSteps: number) {
  const memory = createPermitMemory({ max: 2, queue: 4, workers: 2 });
  const survivor = new PermitTable(memory, 0);
  const victim = new PermitTable(memory, 1);
  const { live } = mortal(lifeSteps);
  let held = survivor.tryTake() ? 1 : 0;
  let died = false;
  try {
    live(() => void victim.tryTake());
    survivor.join();
    let place: ReturnType<PermitTable["join"]>;
    live(() => void (place = victim.join()));
    live(() => void victim.giveBack());
    live(() => void victim.leave(place!.node));
    live(() => void victim.tryTake());
    held += survivor.collect().length - 1;
    survivor.giveBack();
    live(() => void victim.tryTake());
    live(() => void victim.join());
    survivor.join();
    live(() => void victim.giveBack());
    live(() => void victim.collect());
  } catch (error) {
    if (!(error instanceof Died)) throw error;
    died = true;
  }
  return { memory, survivor, held, died };
}

test("wherever between two steps a worker dies, its permits come back, no other is lost, and those who wait are served", () => {
  let lifeSteps = 0;
  for (let died = true; died; lifeSteps += 1) {
    const after = play(lifeSteps);
    const { survivor, memory } = after;
    let { held } = after;
    died = after.died;
    const seen = createPermits({ memory, worker: 2, clock: createFakeClock(), queueTimeoutMs: 1 });
    held += survivor.returnAllOf(1)?.length ?? 0;
    held += survivor.collect().length;
    const found = { lifeSteps, waiting: seen.waiting(), inFlight: seen.inFlight() };
    expect(found).toEqual({ lifeSteps, waiting: 0, inFlight: held });
    while (held > 0) held += survivor.giveBack().length - 1;
    const taken = [survivor.tryTake(), survivor.tryTake(), survivor.tryTake()];
    expect({ lifeSteps, taken }).toEqual({ lifeSteps, taken: [true, true, false] });
  }
  expect(lifeSteps).toBeGreaterThan(50);
});

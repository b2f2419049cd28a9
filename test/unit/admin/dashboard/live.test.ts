import { expect, test } from "vitest";
import { createLive } from "../../../../src/admin/dashboard/live.ts";
import type { Delta } from "../../../../src/admin/dashboard/state.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { outcome } from "../../emit/outcome.ts";
import { createTestNode } from "../node-view.ts";

/** A node that counts how often it is read, and a clock of which each wake is done by hand. */
function createTestLive() {
  const outcomes: Outcome[] = [];
  const wakes: (() => void)[] = [];
  let nowMs = 0;
  let reads = 0;
  const node = createTestNode([{ outcomes }], {
    totals: () => {
      reads += 1;
      return [];
    },
  });
  const wake = (_delayMs: number, task: () => void) => {
    wakes.push(task);
    return () => void wakes.splice(wakes.indexOf(task), 1);
  };
  const live = createLive({ node, now: () => (nowMs += 1000), clock: { wake } });
  const tick = async (): Promise<void> => {
    wakes.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { live, outcomes, tick, settled, reads: () => reads, waiting: () => wakes.length };
}

test("nothing is read while nobody looks", async () => {
  const { live, settled, reads, waiting } = createTestLive();
  await settled();
  expect([reads(), waiting()]).toEqual([0, 0]);
  const stop = live.watch(() => undefined);
  await settled();
  expect([reads(), waiting()]).toEqual([1, 1]);
  stop();
  expect(waiting()).toBe(0);
});

test("two who look are told of the same reading", async () => {
  const { live, settled, tick, reads } = createTestLive();
  const stops = [live.watch(() => undefined), live.watch(() => undefined)];
  await settled();
  await tick();
  expect(reads()).toBe(2);
  for (const stop of stops) stop();
});

test("each attempt of a request is listed, though they have its id in common", async () => {
  const { live, outcomes, settled, tick } = createTestLive();
  outcomes.unshift(outcome({ id: "one", startedAtMs: 1000 }));
  const told: Delta[] = [];
  const stop = live.watch((delta) => void told.push(delta));
  await settled();
  outcomes.unshift(outcome({ id: "one", startedAtMs: 1000.5 }));
  await tick();
  stop();
  expect(told.map(({ calls }) => calls?.map(({ startedAtMs }) => startedAtMs))).toEqual([[1000], [1000.5]]);
});

test("the first thing told is the whole state, then only what has changed", async () => {
  const { live, outcomes, settled, tick } = createTestLive();
  const told: Delta[] = [];
  const stop = live.watch((delta) => void told.push(delta));
  await settled();
  outcomes.unshift(outcome({ id: "new" }));
  await tick();
  stop();
  expect(Object.keys(told[0] ?? {}).toSorted()).toEqual([
    "calls",
    "chaos",
    "clients",
    "node",
    "past",
    "progress",
    "reloadedAtMs",
    "rules",
    "traffic",
    "upstreams",
  ]);
  expect(Object.keys(told[1] ?? {}).toSorted()).toEqual(["calls", "traffic"]);
  expect([told[1]?.calls?.map(({ id }) => id), told[1]?.traffic?.length]).toEqual([["new"], 1]);
});

import { expect, test } from "vitest";
import { createLive, type Live } from "../../../../src/admin/dashboard/live.ts";
import { liveParts, type Delta, type LivePart } from "../../../../src/admin/dashboard/state.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { liveState } from "../../../../src/admin/shapes/live.ts";
import { eventDifferenceFrom } from "../../../support/admin/document.ts";
import { outcome } from "../../emit/outcome.ts";
import { createTestNode } from "../node-view.ts";

/** A node that counts how often it is read, and a clock of which each wake is done by hand. */
function createTestLive() {
  const outcomes: Outcome[] = [];
  const wakes: (() => void)[] = [];
  let nowMs = 0;
  let reads = 0;
  const questions: string[] = [];
  const replying = createTestNode([{ outcomes }]);
  const node = createTestNode([], {
    totals: () => {
      reads += 1;
      return [];
    },
    ask: async (question, ...args) => {
      questions.push(question.name);
      return await replying.ask(question, ...args);
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
  const asked = (name: string): number => questions.filter((each) => each === name).length;
  return { live, outcomes, asked, tick, settled, reads: () => reads, waiting: () => wakes.length };
}

/** What somebody is told who looks at parts of a node. */
function watching(live: Live, parts: readonly LivePart[] = liveParts): { told: Delta[]; stop(): void } {
  const told: Delta[] = [];
  return { told, stop: live.watch(parts, (text) => void told.push(JSON.parse(text))) };
}

test("nothing is read while nobody looks", async () => {
  const { live, settled, reads, waiting } = createTestLive();
  await settled();
  expect([reads(), waiting()]).toEqual([0, 0]);
  const stop = live.watch(liveParts, () => undefined);
  await settled();
  expect([reads(), waiting()]).toEqual([1, 1]);
  stop();
  expect(waiting()).toBe(0);
});

test("two who look are told of the same reading", async () => {
  const { live, settled, tick, reads } = createTestLive();
  const stops = [live.watch(liveParts, () => undefined), live.watch(liveParts, () => undefined)];
  await settled();
  await tick();
  expect(reads()).toBe(2);
  for (const stop of stops) stop();
});

test("each attempt of a request is listed, though they have its id in common", async () => {
  const { live, outcomes, settled, tick } = createTestLive();
  outcomes.unshift(outcome({ id: "one", startedAtMs: 1000 }));
  const { told, stop } = watching(live);
  await settled();
  outcomes.unshift(outcome({ id: "one", startedAtMs: 1000.5 }));
  await tick();
  stop();
  expect(told.map(({ calls }) => calls?.map(({ startedAtMs }) => startedAtMs))).toEqual([[1000], [1000.5]]);
});

test("the first thing told is the whole state, then only what has changed", async () => {
  const { live, outcomes, settled, tick } = createTestLive();
  const { told, stop } = watching(live);
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

test("one who looks at some parts is told of those alone", async () => {
  const { live, outcomes, settled, tick } = createTestLive();
  const all = watching(live);
  const some = watching(live, ["node", "traffic"]);
  await settled();
  outcomes.unshift(outcome({ id: "new" }));
  await tick();
  all.stop();
  some.stop();
  expect([...new Set(some.told.flatMap((told) => Object.keys(told)))]).toEqual(["node", "traffic"]);
  expect(all.told.at(-1)?.calls?.map(({ id }) => id)).toEqual(["new"]);
});

test("calls are not read while nobody looks at them, and are there for one who does", async () => {
  const { live, outcomes, asked, settled, tick } = createTestLive();
  await live.state(liveParts);
  const some = watching(live, ["node"]);
  await settled();
  const before = asked("calls-since");
  outcomes.unshift(outcome({ id: "new" }));
  await tick();
  expect(asked("calls-since")).toBe(before);
  const later = watching(live);
  await settled();
  some.stop();
  later.stop();
  expect(later.told[0]?.calls?.map(({ id }) => id)).toEqual(["new"]);
});

test("the events are as the OpenAPI document has them, and no part of it is left out", async () => {
  const forced = { upstream: "openai", state: "open", sinceMs: 1, untilMs: 2, by: "admin token" } as const;
  const node = createTestNode(
    [{ outcomes: [outcome({ id: "one", upstream: "openai" })], breakers: { openai: "open" } }],
    {
      parts: () => ({
        rules: [{ name: "default", serve: "forward openai", when: "", faults: ["cut"] }],
        upstreams: [{ name: "openai", urls: ["https://api.openai.com"] }],
        experiments: [],
      }),
      breakers: {
        force: () => Promise.resolve(forced),
        release: async () => true,
        forced: () => [forced],
        changes: () => [{ atMs: 1, state: "open", why: "forced", by: "admin token" }],
      },
    },
  );
  let nowMs = 0;
  const live = createLive({ node, now: () => (nowMs += 1000), clock: { wake: () => () => undefined } });
  const told: (readonly [event: "state" | "delta", text: string])[] = [];
  const stop = live.watch(liveParts, (text, event) => void told.push([event, text]));
  await new Promise((resolve) => setImmediate(resolve));
  stop();
  expect(told.map(([event, text]) => [event, eventDifferenceFrom(event, text)])).toEqual([["state", undefined]]);
  expect(Object.keys(liveState.shape).toSorted()).toEqual([...liveParts].toSorted());
});

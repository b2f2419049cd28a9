import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { loopLag } from "../../../../src/admin/dashboard/lag.ts";
import type { LoopView } from "../../../../src/admin/question.ts";
import { createTestNode } from "../node-view.ts";
import { until } from "../../../support/node.ts";

test("of several event loops, the lag of the slowest is told", () => {
  expect(
    loopLag.merge([
      { p50: 1, p99: 2 },
      { p50: 0.5, p99: 30 },
      { p50: 1, p99: 3 },
    ]),
  ).toEqual({ p50: 0.5, p99: 30 });
});

test("an event loop that is held up is late", async () => {
  const view = {} as LoopView;
  loopLag.reply(view);
  await until("a lag", async () => {
    await sleep(30);
    const endMs = performance.now() + 60;
    while (performance.now() < endMs) continue;
    await sleep(30);
    return loopLag.reply(view).p99 > 20 ? true : undefined;
  });
});

test("it can be asked of a node", async () => {
  const { p50, p99 } = await createTestNode([{}, {}]).ask(loopLag);
  expect(p99).toBeGreaterThanOrEqual(p50);
});

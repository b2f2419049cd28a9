import { expect, test } from "vitest";
import { createVerdicts } from "../../../../src/admin/dashboard/verdicts.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { anyMirrored } from "../../../support/records/mirrored.ts";
import { createTestNode } from "../node-view.ts";

function setUp(calls: number) {
  const clock = createFakeClock();
  let asked = 0;
  const node = createTestNode([{ mirrored: anyMirrored(calls) }]);
  const counting = { ask: (...args: Parameters<typeof node.ask>) => ((asked += 1), node.ask(...args)) };
  const verdicts = createVerdicts({ node: counting as typeof node, clock, now: () => clock.now() });
  return { verdicts, clock, asked: () => asked };
}

test("all who look at once get the same one, and those who look soon after", async () => {
  const { verdicts, clock, asked } = setUp(40);
  const [one, other] = await Promise.all([verdicts.latest(60_000), verdicts.latest(60_000)]);
  expect(one?.verdict.calls.compared).toBe(40);
  expect([other, asked()]).toEqual([one, 1]);
  clock.advance(4999);
  expect([await verdicts.latest(60_000), asked()]).toEqual([one, 1]);
  clock.advance(1);
  expect((await verdicts.latest(60_000))?.atMs).toBe(clock.now());
});

test("who has no patience gets what there is", async () => {
  const { verdicts, clock } = setUp(40);
  const impatient = verdicts.latest(500);
  clock.advance(500);
  expect(await impatient).toBeUndefined();
});

test("without a mirrored call there is none", async () => {
  expect(await setUp(0).verdicts.latest(60_000)).toBeUndefined();
});

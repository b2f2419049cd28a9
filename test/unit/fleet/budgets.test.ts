import { expect, test } from "vitest";
import { createBudgetSharing, type SharedBudget } from "../../../src/fleet/budgets.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const [today, tomorrow] = [Date.UTC(2026, 10, 28), Date.UTC(2026, 10, 29)];
const layout = { budget: () => "used", grants: () => "grants" };

/** What one of three nodes is told of its budget, which has such a limit. */
function setUp(limit: number, reply: readonly string[]) {
  const clock = createFakeClock();
  const state = { isUp: true, endsAtMs: today, own: 0, asked: 0 };
  const told: { used: number; held: number }[] = [];
  const sharing = createBudgetSharing({
    link: { isUp: () => state.isUp, send: async () => ((state.asked += 1), [...reply]) },
    layout,
    fleet: { nodes: () => 3 },
    clock,
    name: "a",
    wallClockMs: () => state.endsAtMs - 1000,
    budgets: (): SharedBudget[] => [
      {
        upstream: "openai",
        kind: "tokensPerDay",
        limit,
        endsAtMs: state.endsAtMs,
        own: () => state.own,
        setOthers: (others) => void told.push(others),
      },
    ],
  });
  return { clock, state, told, sharing };
}

test("a node may use what it was granted, and the rest is held for others", async () => {
  const { sharing, told } = setUp(900, ["100", "400"]);
  await sharing.sync();
  expect(told).toEqual([{ used: 100, held: 400 }]);
});

test("it asks again twice a second, and sooner once half of its grant is used up", async () => {
  const { sharing, state, clock } = setUp(900, ["100", "400"]);
  await sharing.sync();
  clock.advance(400);
  state.own = 200;
  await sharing.sync();
  expect(state.asked).toBe(1);
  state.own = 201;
  await sharing.sync();
  expect(state.asked).toBe(2);
  clock.advance(500);
  await sharing.sync();
  expect(state.asked).toBe(3);
});

test("while Redis is away it keeps to its grant, and to its share in a day that begins then", async () => {
  const { sharing, told, state } = setUp(900, ["100", "400"]);
  await sharing.sync();
  state.isUp = false;
  await sharing.sync();
  expect(told).toHaveLength(1);
  state.endsAtMs = tomorrow;
  await sharing.sync();
  expect(told.at(-1)).toEqual({ used: 0, held: 600 });
});

import { expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";
import { chat, type RequestWishes } from "../../support/request.ts";
import type { ConfigObject } from "../../support/settings.ts";

/** The faults that took effect on each of some calls. */
async function faultsOf(config: ConfigObject, calls: readonly RequestWishes[]): Promise<(readonly string[])[]> {
  const act = await setUpAct(config);
  const served = calls.map((wishes) => act.serve({ body: chat({ stream: true }), ...wishes }));
  act.clock.advance(10_000);
  await act.advance();
  return served.map((call) => call.outcome().faults);
}

const ids = Array.from({ length: 1000 }, (_, index) => ({ id: `call-${index}` }));
const shareOf = (all: readonly (readonly string[])[], kind: string): number =>
  all.filter((kinds) => kinds.includes(kind)).length / all.length;
const isNear = (share: number, wanted: number): boolean => Math.abs(share - wanted) < 0.04;

const flaky = {
  rules: [
    {
      name: "flaky",
      serve: "simulate",
      faults: [
        { kind: "status", status: 429, percentage: 10 },
        { kind: "delay", ms: 20, percentage: 30 },
      ],
    },
  ],
};

test("each fault of a rule gets its own share of the calls, and both together the product", async () => {
  const all = await faultsOf(flaky, ids);
  expect([isNear(shareOf(all, "status"), 0.1), isNear(shareOf(all, "delay"), 0.3)]).toEqual([true, true]);
  const both = all.filter((kinds) => kinds.length === 2).length / all.length;
  expect(isNear(both, 0.03)).toBe(true);
});

test("the response names only the faults that act", async () => {
  const act = await setUpAct(flaky);
  const calls = ids.slice(0, 200).map(({ id }) => act.serve({ id, body: chat() }));
  act.clock.advance(10_000);
  await act.advance();
  const named = new Set(calls.map(({ reply }) => reply.header("x-stuntdouble-fault")));
  expect(named).toEqual(new Set([undefined, "status", "delay", "status, delay"]));
});

test("of two faults that respond by themselves, the first that acts does", async () => {
  const faults = [
    { kind: "status", status: 429, percentage: 50 },
    { kind: "status", status: 503, percentage: 100 },
  ];
  const act = await setUpAct({ default: { faults } });
  const calls = ids.slice(0, 200).map(({ id }) => act.serve({ id, body: chat() }));
  await act.advance();
  const statuses = calls.map((call) => call.outcome().status);
  expect(new Set(statuses)).toEqual(new Set([429, 503]));
  const first = statuses.filter((status) => status === 429).length / statuses.length;
  expect(Math.abs(first - 0.5)).toBeLessThan(0.12);
});

test("percentageBy of the rule holds for its faults as well", async () => {
  const [rule] = flaky.rules;
  const rules = [{ ...rule, match: { percentageBy: "header:x-user" } }];
  const all = await faultsOf(
    { rules },
    ids.slice(0, 20).map((wishes) => ({ ...wishes, headers: { "x-user": "one" } })),
  );
  expect(new Set(all.map((kinds) => kinds.join())).size).toBe(1);
});

test("perAttempt of the rule gives each retry new draws, and without it a retry gets the same", async () => {
  const attempts = Array.from({ length: 40 }, (_, attempt) => ({
    id: "one",
    headers: { "x-stainless-retry-count": String(attempt) },
  }));
  const [rule] = flaky.rules;
  const kinds = async (perAttempt: boolean) =>
    new Set((await faultsOf({ rules: [{ ...rule, perAttempt }] }, attempts)).map((each) => each.join()));
  expect([(await kinds(true)).size > 1, (await kinds(false)).size]).toEqual([true, 1]);
});

test("a fault of the control header may have a percentage, and faults of the rule that it keeps are drawn as without it", async () => {
  const control = { enabled: true };
  const asked = await faultsOf(
    { control },
    ids.map((wishes) => ({ ...wishes, headers: { "x-stuntdouble": "fault=status;status=429;percentage=30" } })),
  );
  expect(isNear(shareOf(asked, "status"), 0.3)).toBe(true);
  const plain = await faultsOf(flaky, ids);
  const kept = await faultsOf(
    { ...flaky, control },
    ids.map((wishes) => ({ ...wishes, headers: { "x-stuntdouble": "seed=5" } })),
  );
  expect(kept).toEqual(plain);
});

import { describe, expect, test } from "vitest";
import { withExperiments } from "../../../../src/core/experiments/layer.ts";
import type { Call, Decision } from "../../../../src/core/types.ts";
import { makeCall } from "../../../support/call.ts";
import { around, decision, runningOf, scopesOf, servable, unlimited } from "./running.ts";

function involved(changes: object, { nowMs = 0, id = "call", counts = unlimited } = {}) {
  return scopesOf(runningOf(changes)).involve(makeCall({ id }), { ...around, nowMs, counts }).list;
}

/** Of 20,000 calls, the share that is affected. */
function shareOf(changes: object, nowMs = 0): number {
  const scopes = scopesOf(runningOf(changes));
  let affected = 0;
  for (let n = 0; n < 20_000; n += 1)
    for (const { result } of scopes.involve(makeCall({ id: `c${n}` }), { ...around, nowMs }).list)
      if (result === "affected") affected += 1;
  return affected / 20_000;
}

function expectNear(share: number, wanted: number): void {
  expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / 20_000) + 1e-9);
}

test("an experiment adds its faults behind those of the rule", () => {
  expect(withExperiments(decision, scopesOf(runningOf()).involve(makeCall(), around)).faults).toEqual([
    { kind: "delay", ms: 5 },
    { kind: "status", status: 503 },
  ]);
});

test("a call out of scope is in no experiment", () => {
  expect(involved({ match: { header: { "x-env": "staging" } } })).toEqual([]);
});

test.each([0.1, 1, 10, 50, 99.9])("a percentage of %f affects that share of the calls", (percentage) => {
  expectNear(shareOf({ percentage }), percentage / 100);
});

test("two experiments draw for themselves, so that their shares compose", () => {
  const scopes = scopesOf(
    runningOf({ name: "one", percentage: 50 }, { id: "e1" }),
    runningOf({ name: "other", percentage: 50 }, { id: "e2", slot: 1 }),
  );
  let both = 0;
  for (let n = 0; n < 20_000; n += 1) {
    const found = scopes.involve(makeCall({ id: `c${n}` }), around).list;
    if (found.every(({ result }) => result === "affected")) both += 1;
  }
  expectNear(both / 20_000, 0.25);
});

describe("stages", () => {
  const stages = [
    { name: "slow", durationMs: 10_000, rampMs: 4000, faults: [{ kind: "delay", ms: 100 }] },
    { name: "storm", durationMs: 10_000, faults: [{ kind: "status", status: 529 }] },
    { name: "recovery", durationMs: 10_000 },
  ];

  test.each([
    [9999, "slow", "delay"],
    [10_000, "storm", "status"],
  ])("at %i ms the stage %s acts by %s", (nowMs, stage, kind) => {
    const [only] = involved({ stages }, { nowMs });
    expect([only?.stage?.name, only?.faults.map((fault) => fault.kind)]).toEqual([stage, [kind]]);
  });

  test("a stage without faults affects nobody", () => {
    expect(involved({ stages }, { nowMs: 25_000 })).toMatchObject([
      { stage: { name: "recovery" }, result: "not drawn" },
    ]);
  });

  test.each([
    [0, 0],
    [1000, 0.25],
    [3000, 0.75],
    [4000, 1],
  ])("a ramp has risen at %i ms to a share of %f", (nowMs, share) => {
    expectNear(shareOf({ stages }, nowMs), share);
  });

  test("time that the stages leave over affects nobody", () => {
    expect(involved({ stages }, { nowMs: 40_000 })).toMatchObject([{ stage: undefined, result: "not drawn" }]);
  });
});

test("after its end a call is in no experiment", () => {
  expect(involved({}, { nowMs: 60_000 })).toEqual([]);
});

test("a call beyond the limits passes untouched, and is told apart", () => {
  const counts = { ...unlimited, take: () => false };
  expect(involved({}, { counts })).toMatchObject([{ result: "limited", faults: [] }]);
});

test("the limits are asked only for a call that would be affected", () => {
  let asked = 0;
  const counts = { ...unlimited, take: () => (asked += 1) > 0 };
  involved({ percentage: 1e-9 }, { counts });
  expect(asked).toBe(0);
});

test("a fault with a percentage of its own draws within the affected calls", () => {
  expectNear(shareOf({ percentage: 50, faults: [{ kind: "status", status: 500, percentage: 20 }] }), 0.1);
});

describe("an experiment that serves calls from elsewhere", () => {
  const forwarded: Decision = {
    ...decision,
    serve: { from: "upstream", upstream: "openai" },
    mirror: { from: "simulator", profile: undefined },
    faults: [],
  };
  type Around = Partial<typeof around> & { readonly call?: Partial<Call> };
  const involvedIn = (lists: readonly object[], { call = {}, ...rest }: Around) => {
    const running = lists.map((changes, slot) => runningOf(changes, { id: `e${slot}`, slot }));
    return scopesOf(...running).involve({ ...makeCall(), ...call }, { ...around, ...rest });
  };
  const simulate = { faults: [], serve: "simulate", profile: "slow" };

  test("simulates what rules forward, without its mirror", () => {
    const involved = involvedIn([simulate], { decision: forwarded });
    expect(involved.list).toMatchObject([{ result: "affected", faults: [] }]);
    expect(withExperiments(forwarded, involved)).toEqual({
      ...forwarded,
      serve: { from: "simulator", profile: "slow" },
      mirror: undefined,
    });
  });

  test("forwards what rules simulate, and adds its faults", () => {
    const involved = involvedIn([{ serve: "forward", upstream: "openai" }], {});
    expect(withExperiments(decision, involved)).toMatchObject({
      serve: { from: "upstream", upstream: "openai" },
      faults: [{ kind: "delay" }, { kind: "status" }],
    });
  });

  test("with a profile alone changes what rules simulate", () => {
    const profile = { faults: [], profile: "slow" };
    expect(withExperiments(decision, involvedIn([profile], {})).serve).toEqual({ from: "simulator", profile: "slow" });
    expect(involvedIn([profile], { decision: forwarded }).list).toMatchObject([{ result: "unservable" }]);
  });

  test("wins where it began first; the other adds its faults only", () => {
    const both = involvedIn([simulate, { serve: "forward", upstream: "openai" }, simulate], {});
    expect(both.list.map(({ result }) => result)).toEqual(["affected", "affected", "unservable"]);
    const { serve, faults } = withExperiments(decision, both);
    expect(serve).toEqual({ from: "simulator", profile: "slow" });
    expect(faults.map(({ kind }) => kind)).toEqual(["delay", "status"]);
  });

  const going = (isKept: boolean) => ({ facts: { ...makeCall().facts, goesOnFrom: () => ({ id: "r1", isKept }) } });

  test.each([
    ["cannot be simulated", simulate, { servable: { ...servable, canSimulate: false } }],
    ["names a profile that is there no more", simulate, { servable: { ...servable, profiles: [] } }],
    [
      "names an upstream that is there no more",
      { serve: "forward", upstream: "openai" },
      { servable: { ...servable, upstreams: new Map() } },
    ],
    ["goes on from what an upstream has", simulate, { call: going(false) }],
    ["goes on from what the simulator has", { serve: "forward", upstream: "openai" }, { call: going(true) }],
  ] as const)("leaves a call untouched that %s, and counts nothing", (_name, changes, rest) => {
    const counts = { ...unlimited, take: () => expect.fail("was counted") };
    const involved = involvedIn([changes], { ...rest, counts });
    expect(involved.list).toMatchObject([{ result: "unservable", faults: [] }]);
    expect(withExperiments(decision, involved)).toEqual(decision);
  });
});

import { expect, test } from "vitest";
import { createCohortCollector } from "../../../../src/core/experiments/phases.ts";
import { endedCall } from "../../../../src/core/experiments/window.ts";
import type { Call } from "../../../../src/core/types.ts";
import { makeCall } from "../../../support/call.ts";
import { outcome } from "../../emit/outcome.ts";
import { around, runningOf, scopesOf } from "./running.ts";

const never = { percentage: 1e-9 };
const staging = { header: { "x-env": "staging" } };

/** A call of staging that counts how often its header is looked at. */
function watched(): { readonly call: Call; looked(): number } {
  let looks = 0;
  const headers = {
    get "x-env"() {
      looks += 1;
      return "staging";
    },
  };
  return { call: { ...makeCall(), headers }, looked: () => looks };
}

test("what several experiments ask of a call is asked once", () => {
  const [one, other] = [runningOf({ match: staging }), runningOf({ match: staging }, { id: "e2", slot: 1 })];
  const { call, looked } = watched();
  const alone = scopesOf(one).bitsOf(call);
  const looksOfOne = looked();
  expect([alone, scopesOf(one, other).bitsOf(call), looked()]).toEqual([1, 3, 2 * looksOfOne]);
});

test.each([{ percentage: 50 }, { every: 2 }, { attempt: { min: 2 }, attemptBy: "key" }])(
  "experiments that draw or count by %o do so each by itself",
  (match) => {
    const names: string[] = [];
    const state = { known: () => 1, attempt: () => 1, nth: (name: string) => names.push(name), wallMs: () => 0 };
    const scopes = scopesOf(runningOf({ match }), runningOf({ match }, { id: "e2", slot: 1 }));
    const found = Array.from({ length: 200 }, (_, n) =>
      scopes.bitsOf({ ...makeCall({ id: `c${n}` }), keyHash: "k", state }),
    );
    const isCounted = names.length > 0;
    expect(isCounted ? new Set(names).size : new Set(found).size).toBe(isCounted ? 2 : 4);
  },
);

test("calls in the same scopes that nobody draws share what is known of them", () => {
  const scopes = scopesOf(runningOf(never), runningOf({ ...never, match: staging }, { id: "e2", slot: 1 }));
  const of = (id: string, headers = {}) => scopes.involve({ ...makeCall({ id }), headers }, around);
  expect(of("a")).toBe(of("b"));
  expect(of("a", { "x-env": "staging" })).not.toBe(of("b"));
  expect(of("a").list).toMatchObject([{ experiment: { id: "e1" }, result: "not drawn" }]);
});

test.each([
  [-1, "before", undefined],
  [0, "during", "one"],
  [10_000, "during", "two"],
  [20_000, "after", undefined],
  [9999, "during", "one"],
])("the stage at %i ms is told whatever was asked before", (nowMs, phase, stage) => {
  const stages = ["one", "two"].map((name) => ({
    name,
    durationMs: 10_000,
    faults: [{ kind: "status", status: 503 }],
  }));
  const scopes = scopesOf(runningOf({ ...never, stages }));
  for (const earlier of [-5000, 15_000, 5000]) scopes.involve(makeCall(), { ...around, nowMs: earlier });
  const [only] = scopes.involve(makeCall(), { ...around, nowMs }).list;
  expect([only?.phase, only?.stage?.name]).toEqual([phase, stage]);
});

test("a call in two scopes counts for both, each in its own phase and stage, with what each did", () => {
  const cut = [{ kind: "cut" }];
  const one = runningOf({ stages: [{ name: "all", durationMs: 60_000, faults: cut }] });
  const other = runningOf({ ...never, match: staging }, { id: "e2", slot: 1, startsAtMs: 1000 });
  const involved = scopesOf(one, other).involve({ ...makeCall(), headers: { "x-env": "staging" } }, around);
  const collector = createCohortCollector(involved.cohort);
  collector.add(endedCall(outcome({ faults: ["cut"], rule: "all", model: "m" })), involved);
  const seen = { calls: 1, faults: { cut: 1 }, all: { calls: 1 }, clean: { calls: 0 } };
  expect(collector.take()).toMatchObject([
    { id: "e1", phase: "during", seen: { ...seen, affected: 1, places: { '["cut","all","all","m"]': 1 } } },
    { id: "e2", phase: "before", seen: { ...seen, affected: 0, places: { '["cut","none","all","m"]': 1 } } },
  ]);
});

test("the time between tokens is kept where a guardrail or an expectation asks for it", () => {
  const asking = { expect: [{ metric: "itlP99Ms", atMost: 100 }] };
  const countsGaps = (changes: object) => scopesOf(runningOf(changes)).involve(makeCall(), around).cohort.countsGaps;
  expect([countsGaps({}), countsGaps(asking)]).toEqual([false, true]);
});

import { expect, test } from "vitest";
import { explainExperiment } from "../../../../src/core/experiments/explain.ts";
import { makeCall } from "../../../support/call.ts";
import { around, runningOf, scopesOf } from "./running.ts";

const faults = [
  { kind: "delay", ms: 100 },
  { kind: "cut", percentage: 50 },
];
const running = runningOf({ percentage: 20, faults, match: { model: "gpt-4*" } });

test("what is explained is what the experiment does while it runs", () => {
  const scopes = scopesOf(running);
  let affected = 0;
  for (let n = 0; n < 2000; n += 1) {
    const call = makeCall({ id: `r-${n}`, model: n % 4 === 0 ? "o3" : "gpt-4o" });
    const [done] = scopes.involve(call, around).list;
    const { inScope, stages } = explainExperiment(running.definition, call);
    expect(inScope).toBe(done !== undefined);
    const acting = stages.flatMap((stage) => stage.faults).filter(({ acts }) => acts);
    expect(acting.map(({ kind }) => kind)).toEqual((done?.faults ?? []).map(({ kind }) => kind));
    if (done?.result === "affected") affected += 1;
  }
  expect(affected).toBeGreaterThan(200);
});

test("the effective share of a fault is its own of the experiment's", () => {
  const { stages } = explainExperiment(running.definition, makeCall({ model: "gpt-4o" }));
  expect(stages.flatMap((stage) => stage.faults).map(({ kind, percentage }) => [kind, percentage])).toEqual([
    ["delay", 20],
    ["cut", 10],
  ]);
});

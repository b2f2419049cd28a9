import { expect, test } from "vitest";
import { pastOf, progressOf } from "../../../../src/admin/dashboard/chaos-state.ts";
import { createRunner } from "../../node/experiments/runner.ts";

const staged = {
  name: "brownout",
  percentage: 50,
  durationMs: 60_000,
  baselineMs: 5000,
  stages: [
    { name: "slow", durationMs: 20_000, faults: [{ kind: "delay", ms: 1 }] },
    { name: "recovery", durationMs: 40_000 },
  ],
  guardrails: [{ metric: "errorRate", above: 5 }],
  limits: { maxCalls: 10 },
};

test("an experiment that runs tells its stages from its start on, its guardrails, and its limits", async () => {
  const { experiments } = await createRunner();
  const { id } = await experiments.start(staged, "ops");
  expect(progressOf(experiments)).toEqual([
    {
      id,
      baselineMs: 5000,
      durationMs: 60_000,
      stages: [
        { name: "slow", fromMs: 0, toMs: 20_000, faults: ["delay"] },
        { name: "recovery", fromMs: 20_000, toMs: 60_000, faults: [] },
      ],
      guardrails: [{ metric: "errorRate", overMs: 10_000, limit: "above 5", value: undefined, isBroken: false }],
      maxCalls: 10,
    },
  ]);
});

test("one that has ended has a verdict, and is read once", async () => {
  const { experiments, audit } = await createRunner();
  const { id } = await experiments.start(staged, "ops");
  expect(pastOf({ experiments, audit }, undefined).verdicts).toEqual({});
  await experiments.stop(id, "ops");
  let read = 0;
  const counting = { ...plain(experiments), find: (of: string) => ((read += 1), experiments.find(of)) };
  const past = pastOf({ experiments: counting, audit }, undefined);
  expect(past.verdicts[id]).toEqual({ result: "inconclusive", why: "it was stopped by ops" });
  expect([pastOf({ experiments: counting, audit }, past).verdicts, read]).toEqual([past.verdicts, 1]);
  expect(progressOf(experiments)).toEqual([]);
});

/** The same experiments, as an object of plain functions. */
function plain(experiments: Awaited<ReturnType<typeof createRunner>>["experiments"]) {
  const { killed } = experiments;
  return {
    killed,
    start: experiments.start.bind(experiments),
    list: () => experiments.list(),
    stop: experiments.stop.bind(experiments),
    stopAll: experiments.stopAll.bind(experiments),
    resume: (by: string) => experiments.resume(by),
  };
}

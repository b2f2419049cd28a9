import { describe, expect, test } from "vitest";
import type { FaultConfig } from "../../../src/core/types.ts";
import { setUpAct, type ActHarness } from "../../support/act.ts";
import { chat } from "../../support/request.ts";
import { runningOf } from "../core/experiments/running.ts";

const wallClockMs = 1_700_000_000_000;
const breaker = { errorPercentage: 50, minimumCalls: 2, windowMs: 10_000, resetMs: 1000, whenOpen: "fail" };

/** Every call is forwarded, to an upstream whose breaker opens at the second failure, and is in the experiment. */
async function withExperiment(changes: object): Promise<ActHarness> {
  const upstreams = { openai: { url: "https://api.example.com", breaker } };
  const act = await setUpAct(
    { upstreams, default: { serve: "forward" } },
    { respond: (call) => call.json(200, { id: "x" }) },
  );
  act.chaos.set([runningOf(changes, { startsAtMs: wallClockMs, endsAtMs: wallClockMs + 60_000 })]);
  return act;
}

const stateOf = (act: ActHarness) => act.deps.runtime().upstreams.get("openai")?.breaker?.state();

describe("a fault is no error of the provider", () => {
  const faults: readonly FaultConfig[] = [
    { kind: "status", status: 503 },
    { kind: "cut" },
    { kind: "reset" },
    { kind: "malformed" },
  ];

  test.each(faults)("$kind leaves the breaker closed, and what guardrails see without failures", async (fault) => {
    const act = await withExperiment({ faults: [fault] });
    for (let count = 0; count < 5; count += 1) act.serve(chat({ stream: false }));
    await act.advance(50);
    expect(stateOf(act)).toBe("closed");
    const { during } = act.chaos.take()["e1"] ?? {};
    expect(during).toMatchObject({ calls: 5, affected: 5, clean: { failed: 0, breakerOpen: 0 } });
    expect(act.outcomes.map(({ cause }) => cause)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});

test("a call that is given up while a fault keeps it waiting leaves room for another", async () => {
  const act = await withExperiment({ faults: [{ kind: "hang" }], limits: { maxConcurrent: 1 } });
  const [first, second] = [act.serve(chat()), act.serve(chat())];
  await act.advance(10);
  expect(act.experiments.read(0)).toEqual({ affected: 1, concurrent: 1 });
  expect(second.outcome().faults).toEqual([]);
  first.reply.leave();
  await act.advance(10);
  expect(act.experiments.read(0)).toEqual({ affected: 1, concurrent: 0 });
  const third = act.serve(chat());
  await act.advance(10);
  expect(act.experiments.read(0)).toEqual({ affected: 2, concurrent: 1 });
  third.reply.leave();
  await act.advance(10);
});

describe("an experiment that serves calls from elsewhere", () => {
  test("simulates calls that are forwarded, and reports them as injected", async () => {
    const act = await withExperiment({ faults: [], serve: "simulate", profile: "steady" });
    const call = act.serve({ body: chat({ stream: false }) });
    await act.advance(5000);
    expect(call.outcome()).toMatchObject({ mode: "simulated", profile: "steady", status: 200, faults: [] });
    expect(call.outcome().upstream).toBeUndefined();
    const { during } = act.chaos.take()["e1"] ?? {};
    expect(during).toMatchObject({ calls: 1, affected: 1, clean: { calls: 0 } });
    expect(during?.faults).toEqual({ "serve=simulate;profile=steady": 1 });
    expect(Object.keys(during?.places ?? {})).toEqual([
      JSON.stringify(["serve=simulate;profile=steady", "outage", "default", "steady"]),
    ]);
  });

  test("leaves a call alone whose path cannot be simulated, and counts that", async () => {
    const act = await withExperiment({ serve: "simulate" });
    const call = act.serve({ path: "/v1/files", method: "GET" });
    await act.advance(50);
    expect(call.outcome()).toMatchObject({ mode: "real", status: 200, faults: [] });
    expect(act.chaos.take()["e1"]?.during).toMatchObject({ calls: 1, affected: 0, unservable: 1 });
  });

  test("leaves a call alone whose body cannot be read", async () => {
    const act = await withExperiment({ serve: "simulate" });
    const call = act.serve({ body: "{" });
    await act.advance(50);
    expect(call.outcome()).toMatchObject({ mode: "real", faults: [] });
  });

  test("forwards calls that are simulated", async () => {
    const upstreams = { openai: { url: "https://api.example.com" }, other: { url: "https://other.example.com" } };
    const act = await setUpAct({ upstreams }, { respond: (call) => call.json(200, { id: "x" }) });
    const running = runningOf({ faults: [], serve: "forward", upstream: "other" });
    act.chaos.set([{ ...running, startsAtMs: wallClockMs, endsAtMs: wallClockMs + 60_000 }]);
    const call = act.serve({ body: chat({ stream: false }) });
    await act.advance(50);
    expect(call.outcome()).toMatchObject({ mode: "real", upstream: "other" });
  });
});

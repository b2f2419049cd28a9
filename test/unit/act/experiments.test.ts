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

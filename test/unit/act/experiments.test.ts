import { describe, expect, test } from "vitest";
import { faults } from "../../../src/core/faults/index.ts";
import { metricOf } from "../../../src/core/experiments/window.ts";
import { createRecorder } from "../../../src/emit/metrics.ts";
import { valuesLength, type Series } from "../../../src/emit/series.ts";
import type { FaultConfig, Outcome } from "../../../src/core/types.ts";
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

const labels = { models: [], configuredModels: [], upstreams: [], served: [], faults: [], keys: undefined };

/** What counts as a failure for these outcomes: the codes of `errors_total`, and real responses of 5xx. */
function failuresIn(outcomes: readonly Outcome[]): readonly (string | undefined)[] {
  const values = new Float64Array(new SharedArrayBuffer(valuesLength * 8));
  const series: Series[] = [];
  const recorder = createRecorder({ values, labels, known: [], onSeries: (each) => series.push(each) });
  for (const outcome of outcomes) recorder.record(outcome);
  return series.flatMap(({ metric, labels: named, index }) => {
    if ((values[index] ?? 0) === 0) return [];
    if (metric === "errors_total") return [named[1]];
    const isReal5xx = metric === "requests_total" && named[0] === "real" && named.includes("5xx");
    return isReal5xx ? ["5xx of a provider"] : [];
  });
}

const stateOf = (act: ActHarness) => act.deps.runtime().upstreams.get("openai")?.breaker?.state();

describe("a fault is no error of the provider", () => {
  const options: Readonly<Record<string, object>> = {
    replace: { status: 503 },
    delay: { ms: 5 },
    stall: { forMs: 5 },
    drip: { sliceBytes: 8 },
    event: { what: "lost" },
    framing: { what: "bom" },
    content: { what: "empty" },
    "tool-call": { what: "unknown-name" },
    usage: { what: "missing" },
    status: { status: 503 },
  };
  const configs = faults.map(({ kind }): FaultConfig => ({ kind, ...options[kind] }));

  test.each([true, false])(
    "no kind counts as an error in metrics, nor in what SLOs are made of, with a stream: %s",
    async (stream) => {
      for (const fault of configs) {
        const act = await withExperiment({ faults: [fault] });
        const call = act.serve({ body: chat({ stream }) });
        await act.advance(500);
        if (act.outcomes.length === 0) call.reply.leave();
        await act.advance(10);
        expect([fault.kind, act.outcomes.length, failuresIn(act.outcomes)]).toEqual([fault.kind, 1, []]);
      }
    },
  );

  test.each(configs)("$kind leaves the breaker closed, and what guardrails see without failures", async (fault) => {
    const act = await withExperiment({ faults: [fault] });
    const calls = Array.from({ length: 5 }, () => act.serve(chat({ stream: false })));
    await act.advance(50);
    // A client gives up what hangs.
    for (const { reply } of calls) reply.leave();
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

describe("what an open breaker keeps from its upstream counts as breakerOpen", () => {
  test.each(["fail", "simulate"])("where the configuration says %s", async (whenOpen) => {
    const upstreams = { openai: { url: "https://api.example.com", breaker: { ...breaker, whenOpen } } };
    const config = { upstreams, default: { serve: "forward" } } as const;
    const act = await setUpAct(config, { respond: (call) => call.json(503, {}) });
    const running = runningOf({ percentage: 1e-9 });
    act.chaos.set([{ ...running, startsAtMs: wallClockMs, endsAtMs: wallClockMs + 60_000 }]);
    for (let count = 0; count < 4; count += 1) {
      act.serve({ body: chat({ stream: false }) });
      await act.advance(5);
    }
    expect(stateOf(act)).toBe("open");
    await act.advance(5000);
    const { during } = act.chaos.take()["e1"] ?? {};
    expect(during).toMatchObject({ calls: 4, clean: { calls: 4, breakerOpen: 2 } });
    expect(during && metricOf("breakerOpen", during.clean)).toBe(50);
    const failures = failuresIn(act.outcomes);
    expect(failures).toEqual(["5xx of a provider", ...(whenOpen === "fail" ? ["BREAKER_OPEN"] : [])]);
  });
});

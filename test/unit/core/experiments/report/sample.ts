import { createCohortCollector, seenById } from "../../../../../src/core/experiments/phases.ts";
import { compileExperiment } from "../../../../../src/core/experiments/layer.ts";
import { reportOf, type Report } from "../../../../../src/core/experiments/report/report.ts";
import { nothingSeen, withSecond, type Run } from "../../../../../src/core/experiments/run.ts";
import { endedCall, type InvolvementResult, type Phase } from "../../../../../src/core/experiments/window.ts";
import type { Outcome } from "../../../../../src/core/types.ts";
import { outcome as makeOutcome } from "../../../emit/outcome.ts";
import { definitionOf, runningOf } from "../running.ts";

/** One call of a sample, and what an experiment did with it. */
export type SampleCall = {
  readonly phase?: Phase;
  readonly stage?: string | undefined;
  readonly result?: InvolvementResult;
  readonly outcome?: Partial<Outcome>;
};

/** A run of a minute that began at 0 and ended, with nothing seen. */
export function runOf(changes: object = {}, own: Partial<Run> = {}): Run {
  const definition = definitionOf(changes);
  return {
    id: "00c0ffee00c0ffee",
    definition,
    by: "admin token",
    createdAtMs: 0,
    state: "completed",
    startsAtMs: definition.baselineMs,
    endedAtMs: definition.baselineMs + definition.durationMs,
    ...nothingSeen,
    ...own,
  };
}

const experiment = compileExperiment(runningOf());
const [onlyStage] = experiment.stages;

/** A run with calls that ended in a second. */
export function withCalls(run: Run, second: number, calls: readonly SampleCall[]): Run {
  const seen = calls.flatMap(({ phase = "during", stage: name, result = "affected", outcome = {} }) => {
    const stage = name === undefined || onlyStage === undefined ? undefined : { ...onlyStage, name };
    const member = { faults: [], serve: undefined, experiment, phase, stage, result: "not drawn" as const };
    const cohort = { slots: 1, members: [member], countsGaps: true };
    const collector = createCohortCollector(cohort);
    collector.add(endedCall(makeOutcome(outcome)), { cohort, list: [{ ...member, result }] });
    return collector.take();
  });
  return withSecond(run, second, seenById(seen, ["e1"])["e1"] ?? {});
}

/** So many calls that are all the same. */
export function repeated(count: number, call: SampleCall = {}): SampleCall[] {
  return Array.from({ length: count }, () => call);
}

/** The report on a run with calls in its first second. */
export function reportWith(calls: readonly SampleCall[], changes: object = {}, own: Partial<Run> = {}): Report {
  return reportOf(withCalls(runOf(changes, own), 0, calls));
}

const brownout = {
  name: "checkout-survives-a-brownout",
  hypothesis: "Checkout keeps answering while the provider is slow and overloaded",
  match: { header: { "x-env": "staging" }, model: "gpt-4*" },
  percentage: 20,
  durationMs: 360_000,
  baselineMs: 30_000,
  stages: [
    { name: "slow", durationMs: 180_000, rampMs: 60_000, faults: [{ kind: "delay", where: "firstToken", ms: 2000 }] },
    { name: "storm", durationMs: 120_000, faults: [{ kind: "status", status: 529 }] },
    { name: "recovery", durationMs: 60_000 },
  ],
  guardrails: [
    { metric: "errorRate", above: 5, overMs: 10_000, minCalls: 20 },
    { metric: "ttftP95Ms", above: 4000, overMs: 30_000, minCalls: 50 },
  ],
  expect: [
    { metric: "errorRate", atMost: 10 },
    { metric: "ttftP95Ms", atMost: 1500 },
  ],
};

/** The report on a run of every stage, with a few real errors. */
export function brownoutReport(): Report {
  let run = runOf(brownout, {
    createdAtMs: 1_764_240_000_000,
    startsAtMs: 1_764_240_030_000,
    endedAtMs: 1_764_240_390_000,
  });
  for (let second = 0; second < 390; second += 1) run = withCalls(run, second, brownoutSecond(second));
  return reportOf(run);
}

function brownoutSecond(second: number): SampleCall[] {
  const stage = ["slow", "storm", "recovery"][second < 210 ? 0 : second < 330 ? 1 : 2];
  const place =
    second < 30 ? { phase: "before" as const } : ({ phase: second < 330 ? "during" : "after", stage } as const);
  const share = second < 30 || second >= 330 ? 0 : 0.2 * Math.min(1, (second - 30) / 60);
  const count = Math.round(40 + 8 * Math.sin(second / 25) + noise(second) * 6);
  return Array.from({ length: count }, (_, index) => {
    const drawn = noise(second * 1000 + index);
    const ttftMs = 240 * Math.exp(0.5 * (noise(second * 77 + index * 13) * 4 - 2));
    const model = index % 3 === 0 ? "gpt-4o-mini" : "gpt-4o";
    const times = (ttft: number) => ({ ttftMs: ttft, totalMs: ttft + 900, tokens: 2, atMs: [ttft, ttft + 12] });
    if (drawn >= share) {
      const real = noise(second * 31 + index * 7) < 0.012;
      const outcome = real
        ? { status: 502, actual: { ...times(ttftMs), ttftMs: undefined, atMs: [] } }
        : { actual: times(ttftMs) };
      return { ...place, result: "not drawn" as const, outcome: { model, rule: "checkout", ...outcome } };
    }
    const gone = noise(second * 5 + index) < 0.1;
    const slow = {
      faults: ["delay"],
      ending: gone ? ("client-gone" as const) : ("finish" as const),
      actual: times(ttftMs + 2000),
    };
    const storm = { faults: ["status"], status: 529, actual: { ttftMs: undefined, totalMs: 2, tokens: 0, atMs: [] } };
    return { ...place, outcome: { model, rule: "checkout", ...(second < 210 ? slow : storm) } };
  });
}

/** A number from 0 to 1 that looks random and is the same each time. */
function noise(n: number): number {
  const sine = Math.sin(n * 12.9898 + 4.1414) * 43_758.5453;
  return sine - Math.floor(sine);
}

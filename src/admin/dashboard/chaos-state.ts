import { stagesOf } from "../../core/experiments/definition.ts";
import { isBeyond, limitText } from "../../core/experiments/guardrails.ts";
import type { Report } from "../../core/experiments/report/report.ts";
import type { Experiments } from "../chaos.ts";
import type { NodeView } from "../resource.ts";
import type { PastRuns, RunProgress } from "./state.ts";

/** Entries of the audit log that are shown. */
const shownEntries = 30;

/** How far the experiments that run have come. */
export function progressOf(experiments: Experiments): RunProgress[] {
  return experiments.list().flatMap(({ id, state }) => {
    const report = state === "running" || state === "baseline" ? experiments.find(id) : undefined;
    return report === undefined ? [] : [oneOf(report)];
  });
}

function oneOf({ id, definition, timeline }: Report): RunProgress {
  const { baselineMs, durationMs, limits, guardrails } = definition;
  const latest = timeline.at(-1)?.guardrails ?? {};
  let fromMs = 0;
  return {
    id,
    baselineMs,
    durationMs,
    stages: stagesOf(definition).map(({ name, durationMs: lengthMs, faults }) => {
      const stage = { name, fromMs, toMs: fromMs + lengthMs, faults: faults.map(({ kind }) => kind) };
      fromMs += lengthMs;
      return stage;
    }),
    guardrails: guardrails.map(({ metric, overMs, above, below }, index) => {
      const value = latest[index];
      const isBroken = value !== undefined && isBeyond({ above, below }, value);
      return { metric, overMs, limit: limitText({ above, below }), value, isBroken };
    }),
    maxCalls: limits.maxCalls,
  };
}

/**
 * What came of the experiments that have ended, and what was done.
 *
 * @param before what it was; a run that has ended is not read again
 */
export function pastOf(
  { experiments, audit }: Pick<NodeView, "experiments" | "audit">,
  before: PastRuns | undefined,
): PastRuns {
  const ended = experiments.list().filter(({ state }) => state !== "running" && state !== "baseline");
  const verdicts = ended.flatMap(({ id }) => {
    const known = before?.verdicts[id] ?? experiments.find(id)?.verdict;
    return known === undefined ? [] : [[id, { result: known.result, why: known.why }] as const];
  });
  return { verdicts: Object.fromEntries(verdicts), audit: audit.entries().slice(0, shownEntries) };
}

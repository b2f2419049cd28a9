import type { ClientVerdict } from "../../clients/counts.ts";
import { verdictsOf } from "../../clients/totals.ts";
import { stagesOf, type ExperimentDefinition } from "../definition.ts";
import { brokenText, verdictOf, type Verdict } from "../guardrails.ts";
import { seenIn } from "../phases.ts";
import { readPlace, type Place } from "../places.ts";
import { viewOf, type Run, type RunView } from "../run.ts";
import type { Mean, Point } from "../timeline.ts";
import { distributionOf, type SharePoint } from "../times.ts";
import { metricOf, type Phase, type Side } from "../window.ts";

/** How the calls in scope went over some time. */
export type Summary = {
  readonly calls: number;
  readonly errorRate?: number;
  readonly ttftP50Ms?: number;
  readonly ttftP95Ms?: number;
  readonly ttftP99Ms?: number;
  readonly totalP95Ms?: number;
};

/** A stage as it was carried out. Seconds count from when the run was created. */
export type StageSpan = {
  readonly name: string;
  readonly fromSecond: number;
  readonly toSecond: number;
  readonly rampSeconds: number;
  /** The kinds of its faults. */
  readonly faults: readonly string[];
};

/** How the calls in scope went in some seconds. */
export type TimelinePoint = Omit<Point, "ttft" | "realTtft"> & {
  /** Mean time to the first token of all calls, and of those without a fault. */
  readonly ttftMs?: number;
  readonly realTtftMs?: number;
};

/** A phase, or the calls in one on which no fault acted. */
export type Part = Phase | "duringUntouched";

/** What a run found out. */
export type Report = RunView & {
  readonly definition: ExperimentDefinition;
  readonly verdict: Verdict;
  /** The second in which it ended, or as which it is reported on. */
  readonly lastSecond: number;
  readonly stages: readonly StageSpan[];
  /** The calls in scope by phase, as their clients saw them, and those during the faults on which none acted. */
  readonly before: Summary;
  readonly during: Summary;
  readonly duringUntouched: Summary;
  readonly after: Summary;
  /** Which faults took effect where, the most frequent first. */
  readonly injected: readonly (Place & { readonly count: number })[];
  /** The distribution of the time to the first token. */
  readonly ttft: { readonly [In in Part]: readonly SharePoint[] };
  readonly timeline: readonly TimelinePoint[];
  /** What each client did in scope from the first fault on; the one with the most calls first. */
  readonly clients: readonly ClientVerdict[];
};

/** The report on a run, also while it still runs. @param concurrent affected calls that are under way */
export function reportOf(run: Run, concurrent?: number): Report {
  const { definition, seen } = run;
  const [before, during, after] = [seenIn(seen, ["before"]), seenIn(seen, ["during"]), seenIn(seen, ["after"])];
  const sides = { before: before.all, during: during.all, duringUntouched: during.clean, after: after.all };
  return {
    ...viewOf(run, concurrent),
    definition,
    verdict: verdictOf(definition.expect, seenIn(seen, ["during", "after"]), interruptionOf(run)),
    lastSecond: lastSecondOf(run),
    stages: spansOf(run),
    ...mapped(sides, summaryOf),
    injected: injectedOf(run),
    ttft: mapped(sides, ({ ttft }) => distributionOf(ttft)),
    timeline: run.timeline.map(shownPoint),
    clients: verdictsOf(run.clients ?? []),
  };
}

type Sides<Value> = { readonly [In in Part]: Value };

function mapped<Value>(sides: Sides<Side>, map: (side: Side) => Value): Sides<Value> {
  const { before, during, duringUntouched, after } = sides;
  return {
    before: map(before),
    during: map(during),
    duringUntouched: map(duringUntouched),
    after: map(after),
  };
}

function interruptionOf({ state, stoppedBy, broken }: Run): string | undefined {
  const guardrail = broken === undefined ? "" : brokenText(broken);
  if (state === "halted") return `it was halted: ${guardrail}`;
  if (state === "refused") return `it was not started: ${guardrail}`;
  if (state === "stopped") return `it was stopped by ${stoppedBy ?? "nobody known"}`;
  if (state === "expired") return "its node ended before it was over";
  return state === "completed" ? undefined : "it is not over";
}

function summaryOf(side: Side): Summary {
  const metrics = ["errorRate", "ttftP50Ms", "ttftP95Ms", "ttftP99Ms", "totalP95Ms"] as const;
  const values = metrics.flatMap((metric) => {
    const value = metricOf(metric, side);
    return value === undefined ? [] : [[metric, value] as const];
  });
  return { calls: side.calls, ...Object.fromEntries(values) };
}

function lastSecondOf({ createdAtMs, endedAtMs, timeline }: Run): number {
  const last = timeline.at(-1);
  const seen = last === undefined ? 0 : last.second + last.seconds;
  return endedAtMs === undefined ? seen : Math.max(1, Math.ceil((endedAtMs - createdAtMs) / 1000));
}

/** Stages that were begun, as far as they came. */
function spansOf(run: Run): readonly StageSpan[] {
  const { definition, createdAtMs, startsAtMs } = run;
  if (startsAtMs === undefined) return [];
  const endSecond = lastSecondOf(run);
  let fromSecond = (startsAtMs - createdAtMs) / 1000;
  return stagesOf(definition).flatMap(({ name, durationMs, rampMs, faults }) => {
    const span = {
      name,
      fromSecond,
      toSecond: Math.min(endSecond, fromSecond + durationMs / 1000),
      rampSeconds: rampMs / 1000,
      faults: faults.map(({ kind }) => kind),
    };
    fromSecond += durationMs / 1000;
    return span.fromSecond < endSecond ? [span] : [];
  });
}

function injectedOf({ seen }: Run): Report["injected"] {
  return Object.entries(seenIn(seen).places)
    .map(([place, count]) => ({ ...readPlace(place), count }))
    .sort((one, other) => other.count - one.count);
}

function shownPoint({ ttft, realTtft, ...counts }: Point): TimelinePoint {
  const [ttftMs, realTtftMs] = [meanOf(ttft), meanOf(realTtft)];
  return { ...counts, ...(ttftMs !== undefined && { ttftMs }), ...(realTtftMs !== undefined && { realTtftMs }) };
}

function meanOf({ sumMs, count }: Mean): number | undefined {
  return count === 0 ? undefined : sumMs / count;
}

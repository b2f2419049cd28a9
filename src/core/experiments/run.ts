import type { ExperimentDefinition } from "./definition.ts";
import { verdictOf, type BrokenGuardrail, type Second, type Verdict } from "./guardrails.ts";
import { countsOf, metricOf, sumOf, type Seen, type Side } from "./window.ts";

/** Where an experiment stands; the last four are ends. */
export type RunState = "baseline" | "running" | "completed" | "stopped" | "halted" | "refused";

/** One run of an experiment, as it is kept. Times are wall clock, milliseconds since 1970. */
export type Run = {
  readonly id: string;
  readonly definition: ExperimentDefinition;
  /** Who started it. */
  readonly by: string;
  readonly createdAtMs: number;
  readonly state: RunState;
  /** When its first fault may act; undefined in the baseline. */
  readonly startsAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** Who stopped it. */
  readonly stoppedBy?: string;
  /** What halted it, or kept it from its start. */
  readonly broken?: BrokenGuardrail;
  /** What was seen in each second since it was created. */
  readonly seconds: readonly Second[];
};

/** Whether a run may still affect a call. */
export function isActive({ state }: Run): boolean {
  return state === "baseline" || state === "running";
}

/** When a run ends by itself; undefined in its baseline. */
export function endOf({ startsAtMs, definition }: Run): number | undefined {
  return startsAtMs === undefined ? undefined : startsAtMs + definition.durationMs;
}

/** A run in short, for lists and for the one who started it. */
export type RunView = {
  readonly id: string;
  readonly name: string;
  readonly hypothesis?: string;
  readonly state: RunState;
  readonly by: string;
  readonly createdAt: string;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly endedAt?: string;
  readonly stoppedBy?: string;
  readonly broken?: BrokenGuardrail;
  readonly calls: number;
  readonly affected: number;
  readonly limited: number;
  readonly faults: Seen["faults"];
};

/** A run in short. */
export function viewOf(run: Run): RunView {
  const { id, definition, state, by, createdAtMs, startsAtMs, endedAtMs, stoppedBy, broken } = run;
  const { calls, affected, limited, faults } = countsOf(run.seconds.map(({ seen }) => seen));
  const endsAtMs = endOf(run);
  return {
    id,
    name: definition.name,
    ...(definition.hypothesis !== undefined && { hypothesis: definition.hypothesis }),
    state,
    by,
    createdAt: timeOf(createdAtMs),
    ...(startsAtMs !== undefined && { startsAt: timeOf(startsAtMs) }),
    ...(endsAtMs !== undefined && { endsAt: timeOf(endsAtMs) }),
    ...(endedAtMs !== undefined && { endedAt: timeOf(endedAtMs) }),
    ...(stoppedBy !== undefined && { stoppedBy }),
    ...(broken !== undefined && { broken }),
    calls,
    affected,
    limited,
    faults,
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** How the calls in scope went over some time. */
export type Phase = {
  readonly calls: number;
  readonly errorRate?: number;
  readonly ttftP50Ms?: number;
  readonly ttftP95Ms?: number;
  readonly ttftP99Ms?: number;
  readonly totalP95Ms?: number;
};

/** What a run found out. */
export type Report = RunView & {
  readonly definition: ExperimentDefinition;
  readonly verdict: Verdict;
  /** The calls in scope before the first stage and while it ran: as their clients saw them, and those without a fault. */
  readonly before: Phase;
  readonly during: Phase;
  readonly duringUntouched: Phase;
  readonly timeline: readonly {
    /** Second since it was created. */
    readonly second: number;
    readonly calls: number;
    readonly affected: number;
    readonly failed: number;
    /** Failures without a fault. */
    readonly realFailed: number;
    readonly ttftP50Ms?: number;
  }[];
};

/** The report on a run, also while it still runs. */
export function reportOf(run: Run): Report {
  const { createdAtMs, startsAtMs = Infinity, definition } = run;
  const first = (startsAtMs - createdAtMs) / 1000;
  const before = sumOf(run.seconds.filter(({ second }) => second < first).map(({ seen }) => seen));
  const during = sumOf(run.seconds.filter(({ second }) => second >= first).map(({ seen }) => seen));
  return {
    ...viewOf(run),
    definition,
    verdict: verdictOf(definition.expect, during, interruptionOf(run)),
    before: phaseOf(before.all),
    during: phaseOf(during.all),
    duringUntouched: phaseOf(during.clean),
    timeline: run.seconds.map(({ second, seen }) => {
      const { calls, affected, all, clean } = seen;
      const ttftP50Ms = metricOf("ttftP50Ms", all);
      const shown = { second, calls, affected, failed: all.failed, realFailed: clean.failed };
      return ttftP50Ms === undefined ? shown : { ...shown, ttftP50Ms };
    }),
  };
}

function interruptionOf({ state, stoppedBy, broken }: Run): string | undefined {
  const guardrail = broken === undefined ? "" : `${broken.metric} was ${broken.value}, above ${broken.above}`;
  if (state === "halted") return `it was halted: ${guardrail}`;
  if (state === "refused") return `it was not started: ${guardrail}`;
  if (state === "stopped") return `it was stopped by ${stoppedBy ?? "nobody known"}`;
  return state === "completed" ? undefined : "it is not over";
}

function phaseOf(side: Side): Phase {
  const metrics = ["errorRate", "ttftP50Ms", "ttftP95Ms", "ttftP99Ms", "totalP95Ms"] as const;
  const values = metrics.flatMap((metric) => {
    const value = metricOf(metric, side);
    return value === undefined ? [] : [[metric, value] as const];
  });
  return { calls: side.calls, ...Object.fromEntries(values) };
}

import type { ClientTotals } from "../clients/totals.ts";
import type { ExperimentDefinition } from "./definition.ts";
import { guardrailValues, secondsNeeded, type BrokenGuardrail, type Second } from "./guardrails.ts";
import { seenIn, sumOfPhases, type SeenByPhase } from "./phases.ts";
import { pointOf, withPoint, type Point } from "./timeline.ts";
import { timesOf, type Seen, type Side } from "./window.ts";

/** Every state of an experiment; those behind `running` are ends. */
export const runStates = ["baseline", "running", "completed", "stopped", "halted", "refused", "expired"] as const;

/** Where an experiment stands; `expired` is one whose node ended first. */
export type RunState = (typeof runStates)[number];

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
  /** Undefined while it runs, and for one that expired when its node died, which nobody saw. */
  readonly endedAtMs: number | undefined;
  /** Who stopped it. */
  readonly stoppedBy?: string;
  /** What halted it, or kept it from its start. */
  readonly broken?: BrokenGuardrail;
  /** All that was seen. */
  readonly seen: SeenByPhase;
  /** The latest seconds, as many as its guardrails look back over. */
  readonly recent: readonly Second[];
  readonly timeline: readonly Point[];
  /** What clients did in its scope from its first fault on; absent before that. */
  readonly clients?: ClientTotals;
};

/** Nothing was seen yet. */
export const nothingSeen: Pick<Run, "seen" | "recent" | "timeline"> = { seen: {}, recent: [], timeline: [] };

/** A run with what was seen in one more second, counted from when it was created. */
export function withSecond(run: Run, second: number, added: SeenByPhase): Run {
  const { guardrails } = run.definition;
  const together = seenIn(added);
  if (together.calls === 0) return run;
  const from = second - secondsNeeded(guardrails);
  const all = { ...together.all, ttft: {}, gaps: {}, total: {} };
  const latest = { second, clean: neededOf(together.clean, run), all };
  const recent = [...run.recent, latest].filter((each) => each.second > from);
  const values = guardrailValues(guardrails, recent, second);
  const known = values.flatMap((value, index) => (value === undefined ? [] : [[index, value] as const]));
  return {
    ...run,
    seen: sumOfPhases([run.seen, added]),
    recent,
    timeline: withPoint(run.timeline, pointOf(second, together, Object.fromEntries(known)), guardrails),
  };
}

/** Without the times that no guardrail asks for: they take most of the memory. */
function neededOf(side: Side, { definition }: Run): Side {
  const needed = new Set(definition.guardrails.map(({ metric }) => timesOf(metric)));
  const { ttft, gaps, total } = side;
  return {
    ...side,
    ttft: needed.has("ttft") ? ttft : {},
    gaps: needed.has("gaps") ? gaps : {},
    total: needed.has("total") ? total : {},
  };
}

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
  /** Affected calls of this node that are under way, and how many it allows at once; absent once it is over. */
  readonly concurrent?: number;
  readonly maxConcurrent?: number;
  readonly limited: number;
  readonly unservable: number;
  readonly faults: Seen["faults"];
};

/** A run in short. @param concurrent affected calls that are under way, where that is known */
export function viewOf(run: Run, concurrent?: number): RunView {
  const { id, definition, state, by, createdAtMs, startsAtMs, endedAtMs, stoppedBy, broken } = run;
  const { calls, affected, limited, unservable, faults } = seenIn(run.seen);
  const { maxConcurrent } = definition.limits;
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
    ...(concurrent !== undefined && { concurrent, ...(maxConcurrent !== undefined && { maxConcurrent }) }),
    limited,
    unservable,
    faults,
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

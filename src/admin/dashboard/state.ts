import type { PoolUse } from "../../act/types.ts";
import type { BudgetUse } from "../../core/budgets/types.ts";
import type { ClientVerdict } from "../../core/clients/counts.ts";
import type { Verdict } from "../../core/experiments/guardrails.ts";
import type { RunView } from "../../core/experiments/run.ts";
import type { Outcome } from "../../core/types.ts";
import type { BreakerState } from "../../limits/breaker.ts";
import type { ForcedBreaker } from "../../limits/forced-breakers.ts";
import type { BreakerChange } from "../breakers.ts";
import type { AuditEntry } from "../audit.ts";
import type { NodeStatus } from "../resource.ts";

/** All that the dashboard shows of a node and that changes while it is looked at. */
export type LiveState = {
  readonly node: NodeStatus;
  /** Readings of the latest seconds, the oldest first. */
  readonly traffic: readonly Tick[];
  readonly chaos: ChaosState;
  /** How far the experiments that run have come. */
  readonly progress: readonly RunProgress[];
  readonly past: PastRuns;
  /** What each client did; the one with the most calls first. */
  readonly clients: readonly ClientVerdict[];
  readonly upstreams: readonly UpstreamState[];
  readonly rules: readonly RuleHits[];
  /** When a reload was last tried, milliseconds since 1970; 0 where none was. */
  readonly reloadedAtMs: number;
  /** The latest calls, the newest first. */
  readonly calls: readonly Call[];
};

/** What happened between two readings. */
export type Tick = {
  /** When it was read, milliseconds since 1970. */
  readonly atMs: number;
  /** Calls that ended, a second, by what the client got. */
  readonly perSecond: { readonly [Mode in Outcome["mode"]]: number };
  /** Failures, a second: of the upstream, by a fault, and of the node itself. */
  readonly errors: { readonly real: number; readonly injected: number; readonly ours: number };
  /** Of the calls that ended in the last ten seconds, in milliseconds. */
  readonly ttft: SidesMs;
  readonly itl: SidesMs;
  readonly inFlight: number;
  readonly waiting: number;
  readonly lag: LoopLag;
};

/** How late the timers of the slowest event loop were since the last reading, in milliseconds; 0 in the first. */
export type LoopLag = { readonly p50: number; readonly p99: number };

/** Median and 95th percentile of both sides, estimated from the buckets of a histogram; absent where there were none. */
export type SidesMs = { readonly real?: Percentiles; readonly simulated?: Percentiles };
export type Percentiles = { readonly p50: number; readonly p95: number };

/** Of responses of an upstream, in milliseconds; absent where there were none. */
export type UpstreamTimes = {
  /** Of the last ten seconds, or since somebody last looked. */
  readonly recent: TimesMs;
  readonly sinceStart: TimesMs;
};
type TimesMs = { readonly ttft: Percentiles | undefined; readonly total: Percentiles | undefined };

export type ChaosState = {
  readonly killSwitch: boolean;
  /** Those that run, and the latest that have ended, the newest first. */
  readonly experiments: readonly RunView[];
  /** Calls in flight on which a fault acts or has acted. */
  readonly faultsActive: number;
};

/** How far an experiment has come; times of its stages count from its start, in milliseconds. */
export type RunProgress = {
  readonly id: string;
  readonly baselineMs: number;
  readonly durationMs: number;
  readonly stages: readonly {
    readonly name: string;
    readonly fromMs: number;
    readonly toMs: number;
    /** Kinds of its faults. */
    readonly faults: readonly string[];
  }[];
  readonly guardrails: readonly {
    readonly metric: string;
    readonly overMs: number;
    /** What it halts at, such as `above 5`. */
    readonly limit: string;
    /** Undefined where there are too few calls. */
    readonly value: number | undefined;
    readonly isBroken: boolean;
  }[];
  readonly maxCalls: number | undefined;
};

/** What came of the experiments that have ended, by id, and what was done, the newest first. */
export type PastRuns = {
  readonly verdicts: { readonly [id: string]: Pick<Verdict, "result" | "why"> };
  readonly audit: readonly AuditEntry[];
};

export type UpstreamState = {
  readonly name: string;
  /** Where it is, in the order in which they are tried. */
  readonly urls: readonly string[];
  /** Undefined for one without a circuit breaker. */
  readonly breaker: BreakerState | undefined;
  readonly calls: number;
  readonly errors: number;
  readonly standIns: number;
  readonly times: UpstreamTimes;
  /** Absent where its breaker is not forced. */
  readonly forced?: ForcedBreaker | undefined;
  /** The latest changes of its breaker, the oldest first. */
  readonly changes: readonly BreakerChange[];
  /** Connections, over all event loops; absent where nothing is known of them. */
  readonly pool?: PoolUse | undefined;
  /** How much of each limit of its budget is used up. */
  readonly budgets: readonly Pick<BudgetUse, "kind" | "used" | "limit">[];
};

/** How often a rule was the one that decided. */
export type RuleHits = {
  readonly name: string;
  readonly serve: string;
  /** What it asks of a call; empty where it takes all. */
  readonly when: string;
  /** The kinds of its faults. */
  readonly faults: readonly string[];
  readonly hits: number;
};

/** One call as a line of a list. */
export type Call = Pick<
  Outcome,
  "id" | "startedAtMs" | "rule" | "mode" | "model" | "upstream" | "status" | "ending" | "keyName" | "stream"
> & {
  readonly faults: readonly string[];
  readonly experiments: readonly string[];
  readonly ttftMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
};

/** What a state is made of. Each is read only while somebody wants to see it, but for `traffic`, which has a past. */
export const liveParts = [
  "node",
  "traffic",
  "chaos",
  "progress",
  "past",
  "clients",
  "upstreams",
  "rules",
  "reloadedAtMs",
  "calls",
] as const satisfies readonly (keyof LiveState)[];
export type LivePart = (typeof liveParts)[number];

/** What is sent of a state: the parts that have changed; of `traffic` and `calls` only what is new. */
export type Delta = Partial<LiveState>;

/** So many readings, calls, and changes of each breaker are kept. */
export const kept = { ticks: 120, calls: 200, changes: 20 } as const;

/** A state with what is new. A part that nobody asked for is in neither. */
export function withDelta(state: LiveState, { traffic, calls, ...parts }: Delta): LiveState {
  return {
    ...state,
    ...parts,
    ...(traffic !== undefined && { traffic: [...state.traffic, ...traffic].slice(-kept.ticks) }),
    ...(calls !== undefined && { calls: [...calls, ...state.calls].slice(0, kept.calls) }),
  };
}

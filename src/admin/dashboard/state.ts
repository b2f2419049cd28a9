import type { BudgetUse } from "../../core/budgets/types.ts";
import type { RunView } from "../../core/experiments/run.ts";
import type { Outcome } from "../../core/types.ts";
import type { BreakerState } from "../../limits/breaker.ts";
import type { NodeStatus } from "../resource.ts";

/** All that the dashboard shows of a node and that changes while it is looked at. */
export type LiveState = {
  readonly node: NodeStatus;
  /** Readings of the latest seconds, the oldest first. */
  readonly traffic: readonly Tick[];
  readonly chaos: ChaosState;
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

export type ChaosState = {
  readonly killSwitch: boolean;
  /** Those that run, and the latest that have ended, the newest first. */
  readonly experiments: readonly RunView[];
  /** Calls in flight on which a fault acts or has acted. */
  readonly faultsActive: number;
};

export type UpstreamState = {
  readonly name: string;
  /** Undefined for one without a circuit breaker. */
  readonly breaker: BreakerState | undefined;
  readonly calls: number;
  readonly errors: number;
  readonly standIns: number;
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

/** What is sent of a state: the parts that have changed; of `traffic` and `calls` only what is new. */
export type Delta = Partial<LiveState>;

/** So many readings and calls are kept. */
export const kept = { ticks: 120, calls: 200 } as const;

/** A state with what is new. */
export function withDelta(state: LiveState, delta: Delta): LiveState {
  const { traffic = [], calls = [], ...parts } = delta;
  return {
    ...state,
    ...parts,
    traffic: [...state.traffic, ...traffic].slice(-kept.ticks),
    calls: [...calls, ...state.calls].slice(0, kept.calls),
  };
}

import type { Runtime } from "../act/types.ts";
import type { SeenByPhase } from "../core/experiments/phases.ts";
import type { CallsOfModel } from "../core/learning/types.ts";
import type { TrafficRecord } from "../core/records/types.ts";
import type { Exemplar } from "../core/records/exemplar.ts";
import type { DriftSnapshot } from "../core/shadow/drift.ts";
import type { ShadowSnapshot } from "../core/shadow/store.ts";
import type { Outcome } from "../core/types.ts";
import type { ReplyCounts } from "../limits/reply-counts.ts";

/** What comes out of another thread as it went in: no functions, no classes. */
export type Cloneable =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly Cloneable[]
  | { readonly [member: string]: Cloneable };

/** What a question sees of the event loop that replies to it. */
export type LoopView = {
  /** The latest calls of this event loop: the latest to end first, or the latest to start. */
  readonly journal: {
    last(limit: number, wanted?: (outcome: Outcome) => boolean, order?: "ended" | "started"): readonly Outcome[];
  };
  /** Records of its calls; undefined where none are kept. */
  readonly records?:
    | {
        last(limit: number, wanted: (record: TrafficRecord) => boolean): readonly TrafficRecord[];
        counts(): { readonly written: number; readonly dropped: number };
      }
    | undefined;
  /** The timings of its shadowed calls. */
  readonly shadow: { snapshot(): ShadowSnapshot };
  /** The latest of them one by one, the oldest first. */
  readonly mirrored: {
    last(limit: number, wanted: (record: TrafficRecord) => boolean): readonly TrafficRecord[];
  };
  readonly drift: { snapshot(nowMs: number): DriftSnapshot };
  /** Undefined where no call is remembered for a bucket. */
  readonly exemplars?: { list(): readonly Exemplar[] } | undefined;
  /** Spans of its calls; undefined where no traces are made. */
  readonly tracing?: { counts(): { readonly exported: number; readonly dropped: number } } | undefined;
  /** What its calls told of upstreams that are learned, since the last time. */
  readonly learner: { take(): readonly CallsOfModel[] };
  readonly experiments: {
    /** What was seen of each running experiment since the last time, by id. */
    take(): { readonly [id: string]: SeenByPhase };
    /** Lets calls under way go: those of one experiment, or all. @returns how many */
    letGo(id?: string): number;
  };
  /** How often replies of the admin API were given. */
  readonly replies: Pick<ReplyCounts, "count">;
  /** The configuration in force, with the upstreams, breakers and caches built for it. */
  runtime(): Runtime;
  /** The memory of its responses that wait. */
  readonly memory: { used(): number; max(): number };
  /** Its connections that are not read until there is time for their requests. */
  heldConnections(): number;
  /** The value that the node last gave to a state. */
  get<Value extends Cloneable>(state: State<Value>): Value;
};

/**
 * What the main thread asks of each event loop, in whatever thread that runs.
 *
 * Only its name and its arguments go there; so whoever declares a question lists it, for every thread to know it.
 */
export type Question<Args extends readonly Cloneable[], Reply extends Cloneable, Total> = {
  /** No other question has it. */
  readonly name: string;
  /** Runs in each event loop. A StuntdoubleError that it throws reaches the one who asks with its code. */
  reply(loop: LoopView, ...args: Args): Reply;
  /** Runs in the main thread, over one reply of each event loop. A worker that has died meanwhile has none. */
  merge(replies: readonly Reply[]): Total;
};

/** A question of whatever type. */
export type AnyQuestion = Question<readonly Cloneable[], Cloneable, unknown>;

/** Declares a question; its types come from `reply` and `merge`. */
export function question<Args extends readonly Cloneable[], Reply extends Cloneable, Total>(
  declared: Question<Args, Reply, Total>,
): Question<Args, Reply, Total> {
  return declared;
}

/** A value that the main thread sets and every event loop has, also one in a worker that takes a dead one's place. */
export type State<Value extends Cloneable> = {
  /** No other state has it. */
  readonly name: string;
  /** What it is until it is set. */
  readonly initial: Value;
};

/** The present values of states, by name. */
export type StateValues = ReadonlyMap<string, Cloneable>;

/** The value of a state. */
export function valueOf<Value extends Cloneable>(values: StateValues, { name, initial }: State<Value>): Value {
  // Whoever sets a state gives a value of its type.
  return values.has(name) ? (values.get(name) as Value) : initial;
}

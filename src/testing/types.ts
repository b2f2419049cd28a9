import type { FakeClock } from "./clock.ts";

/** A part of a configuration, as it would stand in a file. */
export type ConfigPart = Readonly<Record<string, unknown>>;

/** What a node is started with. */
export type StuntdoubleOptions = {
  /** The path of a file, or what would stand in it. By default everything is simulated, without any delay. */
  readonly config?: string | ConfigPart;
  /** Rules that come before those of the configuration. */
  readonly rules?: readonly ConfigPart[];
  /** `real` by default; a clock of `createFakeClock()` moves only when told. */
  readonly clock?: "real" | FakeClock;
  /** With the same seed the same request gets the same response; by default that of the configuration. */
  readonly seed?: number;
  /** Environment variables that the configuration may name; by default those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** A fault as a rule has it: its kind, and its options. */
export type FaultOptions = { readonly kind: string } & ConfigPart;

/** What a model says: a text, or a reply as a rule has it. */
export type ReplyOptions = string | ConfigPart;

/** For which calls, and for how many of them. */
export type Scope = {
  /** Conditions as a rule has them; by default each call matches. */
  readonly match?: ConfigPart;
  /** How many calls, from 1; by default all until `reset`. */
  readonly times?: number;
};

/** What came in. */
export type SeenRequest = {
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  /** By lower-case name; repeated ones are joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As it was sent, decoded; undefined where it was not read: of paths that are only forwarded, and of long bodies that no rule looks into. */
  readonly text: string | undefined;
  /** The JSON of it; undefined where it is none. */
  readonly body: unknown;
};

/** A call that has ended. Times are milliseconds. */
export type SeenCall = {
  /** The request id. */
  readonly id: string;
  readonly request: SeenRequest;
  /** From 1, by the count of the client or as it was seen; undefined where neither tells. */
  readonly attempt: number | undefined;
  /** Such as `chat`; undefined for what cannot be simulated. */
  readonly operation: string | undefined;
  /** Such as `openai`; undefined for what cannot be simulated. */
  readonly dialect: string | undefined;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** The name of the rule that matched; `default`, `control` for the control header, `reply` for `reply` and `fault`. */
  readonly rule: string;
  /** What the client was given: a provider's response, a simulated one, a recorded one, one that a fault made, or an error of ours. */
  readonly mode: "real" | "simulated" | "replayed" | "fault" | "own";
  readonly upstream: string | undefined;
  /** Kinds of the faults that took effect. */
  readonly faults: readonly string[];
  /** 0 where none was sent. */
  readonly status: number;
  readonly ending: "finish" | "cut" | "reset" | "stall" | "client-gone";
  /** The code of the error, where the call failed by itself. */
  readonly cause: string | undefined;
  readonly promptTokens: number | undefined;
  readonly outputTokens: number;
  /** Time to first token; undefined where there was none. */
  readonly ttftMs: number | undefined;
  readonly totalMs: number;
};

/** A node in this process. */
export type Stuntdouble = AsyncDisposable & {
  /** Where requests go: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The same as official clients of OpenAI want it, with `/v1`. */
  readonly baseUrl: string;
  /** Where the dashboard and the admin API are. */
  readonly adminUrl: string;
  /**
   * Has a fault act on calls, which are simulated for that. Faults and replies are tried in the order in which they were given, and the first that
   * matches is taken.
   *
   * @throws Error that says what is wrong with it
   */
  fault(fault: FaultOptions, scope?: Scope): Promise<void>;
  /**
   * Says what comes back to calls.
   *
   * @throws Error that says what is wrong with it
   */
  reply(reply: ReplyOptions, scope?: Scope): Promise<void>;
  /** The calls that have ended since the start or the last `reset`, in that order. Waits a moment for those that are just ending. */
  calls(): Promise<readonly SeenCall[]>;
  /** Resolves as soon as so many calls are in flight. @throws Error when there are not within five seconds */
  untilInFlight(count?: number): Promise<void>;
  /** Forgets the faults and replies that were given, and the calls. */
  reset(): Promise<void>;
  /** Ends the node, and soon cuts off the calls that are still open. `await using` does the same. */
  stop(): Promise<void>;
};

import type { Ending, Outcome } from "../types.ts";

/** What is kept of one ended call, without a word of its text: one line of a file of records. Every time is in milliseconds. */
export type TrafficRecord = {
  /** Wall clock at the start of the call, milliseconds since 1970. */
  readonly time: number;
  readonly id: string;
  readonly model?: string | undefined;
  readonly dialect?: string | undefined;
  readonly operation?: string | undefined;
  readonly stream: boolean;
  /** The configured name of the caller's API key. */
  readonly key?: string | undefined;
  readonly rule: string;
  /** What the client was given. */
  readonly mode: Outcome["mode"];
  readonly upstream?: string | undefined;
  readonly profile?: string | undefined;
  /** Kinds of the faults that took effect; absent where there are none. */
  readonly faults?: readonly string[] | undefined;
  /** Names of the experiments that added faults; absent where there are none. */
  readonly experiments?: readonly string[] | undefined;
  readonly standIn?: true | undefined;
  /** A gateway only showed it: it took no permit, and the node decided nothing. */
  readonly observed?: true | undefined;
  /** Its caller asked for other times, or another length, of what was simulated: it says nothing of the profile. */
  readonly overridden?: true | undefined;
  readonly attempt?: number | undefined;
  readonly status: number;
  readonly ending: Ending | "client-gone";
  /** The code of our own error, where the call failed. */
  readonly cause?: string | undefined;
  readonly promptTokens?: number | undefined;
  /** How many of them came from the provider's prompt cache. */
  readonly cachedTokens?: number | undefined;
  /** What the provider asks for it, in US dollars. */
  readonly costUsd?: number | undefined;
  /** Calls in flight on the node when it began, itself included. */
  readonly inFlight?: number | undefined;
  readonly queueMs: number;
  /** What left to the client. */
  readonly actual: CallTiming;
  /** What the simulator planned of a simulated response, before any fault. */
  readonly planned?: CallTiming | undefined;
  /** The other side of a mirrored call, which the client never saw. */
  readonly mirror?: MirrorTiming | undefined;
};

/** When the tokens of one response left, from the start of the call. */
export type CallTiming = {
  /** To the first token; absent for a response in one piece. */
  readonly ttftMs?: number | undefined;
  readonly totalMs: number;
  readonly outputTokens: number;
  /** Between each token and the next, the first 1,000 of them; tokens of one event have 0 between them. */
  readonly gapsMs: readonly number[];
};

/** What was measured, or planned, beside the served response. */
export type MirrorTiming = CallTiming & {
  readonly from: "simulator" | "upstream";
  /** Of the profile, or of the upstream. */
  readonly name: string;
  /** Absent where it was planned only. */
  readonly status?: number | undefined;
  readonly ending?: Ending | undefined;
};

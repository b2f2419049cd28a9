/**
 * The words of the core: one request travels as Call → Decision → Plan → Outcome.
 *
 * Every time is in milliseconds; `atMs` counts from the start of the call.
 */

import type { CallState } from "./clients/state.ts";
import type { RecordSettings } from "./recordings/types.ts";
import type { MirrorTo } from "./records/mirror-to.ts";
import type { RecordNotes } from "./records/notes.ts";
import type { Reply } from "./replies/types.ts";
import type { HeadTime } from "./simulator/types.ts";
import type { Source } from "./source.ts";

export type { Distribution, HeadTime, LoadRow, Profile } from "./simulator/types.ts";
export type { Source } from "./source.ts";

/** Header names and values in turn: `[name, value, name, value, …]`, order and repeats kept. */
export type HeaderList = readonly string[];

/** Request headers by lower-case name; repeated ones are joined with `, `. */
export type HeaderMap = Readonly<Record<string, string | undefined>>;

/** What rules may see of a request. What costs time is computed when asked. */
export type Call = {
  /** The request id: the caller's `x-request-id`, or one we made. */
  readonly id: string;
  readonly method: string;
  /** The path without its query, for example `/v1/chat/completions`. */
  readonly route: string;
  readonly headers: HeaderMap;
  /** The configured name of the API key that was presented. */
  readonly keyName: string | undefined;
  /** First 16 hex digits of the SHA-256 of the presented API key. */
  readonly keyHash: string | undefined;
  /** The peer's address. */
  readonly client: string;
  readonly facts: KnownFacts;
  /** How it stands to the calls before it; absent where nothing is known of those. */
  readonly state?: CallState | undefined;
};

/** What was said so far, as far as rules look at it. */
export type Conversation = {
  /** The system prompt, all of it; undefined where there is none. */
  readonly system: string | undefined;
  readonly messages: number;
  /** How many of them are the model's. */
  readonly turns: number;
  /** Names of the tools that may be called. */
  readonly toolNames: readonly string[];
  /** The result of a tool stands after the last words of the user. */
  readonly hasToolResult: boolean;
  /** The last message, where that is the result of a tool. */
  readonly lastResult: ToolResult | undefined;
};

/** The result of a tool: which call it belongs to, where that is told, and its text. */
export type ToolResult = { readonly id: string | undefined; readonly text: string };

/** What a dialect reads out of a request body. */
export type Facts = {
  readonly model: string | undefined;
  readonly stream: boolean;
  promptTokens(): number;
  lastUserMessage(): string | undefined;
  /** What was said before, where the request refers to it by an id; absent where it cannot. */
  goesOnFrom?(): Earlier | undefined;
  /** Undefined, or absent, where no model is asked to say something. */
  readonly conversation?: (() => Conversation | undefined) | undefined;
  /** The whole body. @throws BODY_INVALID when it is no JSON object */
  readonly body?: (() => Readonly<Record<string, unknown>>) | undefined;
};

/** Something that an earlier call made, by its id. */
export type Earlier = {
  readonly id: string;
  /** The simulator made it and this node still keeps it; all else is the upstream's. */
  readonly isKept: boolean;
};

/** The same of any request; the length of a prompt is undefined where no body was read. */
export type KnownFacts = Omit<Facts, "promptTokens"> & { promptTokens(): number | undefined };

/** What shall happen to one call. Forward, simulate, shadow and fault all compile to it. */
export type Decision = {
  /** The rule that matched, `default`, or `control` when the control header decided. */
  readonly rule: string;
  readonly serve: Source;
  /** Measured beside the served response, never sent to the client. */
  readonly mirror: Source | undefined;
  /** What gets a copy of the call; absent where nothing does. */
  readonly copy?: MirrorTo | undefined;
  readonly faults: readonly FaultConfig[];
  /** What the faults with a percentage of their own drew, those that do not act included; absent where there are none. */
  readonly faultDraws?: readonly FaultDraw[];
  /** Absent where everything is as usual. */
  readonly simulator?: SimulatorSettings;
  /** What the control header asked of the simulator. */
  readonly overrides: Overrides;
  /** What the simulator says, where that was said. */
  readonly reply?: Reply | undefined;
  readonly record?: RecordSettings | undefined;
};

/** How the simulator keeps to what providers do. What is left out is the usual: strict, auto, and the head as the API sends it. */
export type SimulatorSettings = {
  /** Strict refuses what the provider refuses although its document allows it. */
  readonly fidelity?: "strict" | "lenient" | undefined;
  /** With auto, JSON that only the prompt asks for is given. */
  readonly format?: "auto" | "text" | undefined;
  readonly head?: HeadTime | undefined;
  /** Calls fail as often as their profile says. */
  readonly failures?: boolean | undefined;
};

/** Per-request settings of the simulator; each replaces what the profile would draw. */
export type Overrides = {
  readonly ttftMs?: number;
  readonly itlMs?: number;
  readonly head?: HeadTime;
  readonly outputTokens?: number;
  readonly seed?: number;
  /** The model shall decline. */
  readonly refusal?: boolean;
};

/** One configured fault; the other members are the options of its kind. */
export type FaultConfig = {
  readonly kind: string;
  /** Of the calls that its rule takes, 0 … 100; undefined means all. A fault that acts on a call has none left. */
  readonly percentage?: number | undefined;
  readonly [option: string]: unknown;
};

/** The draw of one fault: it acts when the number, 0 ≤ x < 1, is below its percentage. */
export type FaultDraw = {
  readonly kind: string;
  readonly percentage: number;
  readonly draw: number;
  readonly acts: boolean;
};

/** One piece of a response, a plain record. `data` as a string is UTF-8 text. */
export type Frame = {
  readonly atMs: number;
  readonly data: string | Uint8Array;
  /** How many output tokens it carries; 0 for role, usage and final marker frames. */
  readonly tokens: number;
  /** The dialect's final marker (`[DONE]`, `message_stop`, the finish chunk), without which a client cannot see that the response is whole. */
  readonly final: boolean;
};

/**
 * How a response ends: `finish` properly; `cut` by closing the connection in the middle; `reset` by a TCP RST (or
 * RST_STREAM); `stall` by silence on an open connection until the client leaves.
 */
export type Ending = "finish" | "cut" | "reset" | "stall";

/** Status line and headers of a response. */
export type Head = {
  readonly status: number;
  readonly headers: HeaderList;
  /** True for a head that a fault made, of a response in which nothing of the source's is left. */
  readonly instead?: true;
  /** Informational responses that are sent before it. */
  readonly informational?: { readonly status: number; readonly count: number };
};

/**
 * A response described in advance. Frames are in time order; `headAtMs` ≤ first frame ≤ `endAtMs`.
 *
 * Those of a long response are made as they are asked for, so that it takes no memory while it waits: each iteration makes
 * the same ones.
 */
export type Plan = {
  /** Undefined when it breaks off or falls silent before its head. */
  readonly head: Head | undefined;
  readonly headAtMs: number;
  readonly frames: Iterable<Frame>;
  readonly ending: Ending;
  readonly endAtMs: number;
  /** The memory it takes while it waits, in bytes, about; absent where that is what its frames take, which are all there. */
  readonly bytes?: number;
  /** The rest of it without its faults; absent where none bends it. */
  letGo?(played: Played): Plan;
};

/** How far a plan has been played. */
export type Played = {
  /** Frames that have left. */
  readonly sent: number;
  /** Those from which they were taken, one more at most. */
  readonly frames: Iterator<Frame> | undefined;
  readonly nowMs: number;
};

/**
 * Receives a response piece by piece: first `head` once, then `data`, then `end` once. Times never go back.
 *
 * A plan can be poured into a sink ahead of time and a live response as it arrives; faults are sinks that pass on to another.
 */
export type Sink = {
  head(atMs: number, head: Head): void;
  data(frame: Frame): void;
  end(atMs: number, ending: Ending): void;
};

/** When tokens leave (or left): `ttftMs` to the first, `atMs` of each, `totalMs` to the end. */
export type Timeline = {
  readonly ttftMs: number | undefined;
  readonly totalMs: number;
  readonly tokens: number;
  /** Time of each frame that carries tokens. */
  readonly atMs: readonly number[];
};

/** What the one record of an ended call holds. */
export type Outcome = {
  /** The request id: the caller's `x-request-id`, or one we made. */
  readonly id: string;
  /** The request id of the upstream's response. */
  readonly upstreamRequestId: string | undefined;
  /** Trace id of its span, else of the caller's `traceparent`, 32 hex digits. */
  readonly traceId: string | undefined;
  /** Which attempt of its request it was, from 1: by the caller's own count, or as it was seen; undefined where neither tells. */
  readonly attempt: number | undefined;
  /** Wall clock at the start, milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly method: string;
  readonly route: string;
  readonly operation: string | undefined;
  readonly dialect: string | undefined;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly client: string;
  readonly keyName: string | undefined;
  readonly rule: string;
  /** What the client was given: a provider's response, a simulated one, a recorded one, one that a fault made, or one of our own (errors). */
  readonly mode: "real" | "simulated" | "replayed" | "fault" | "own";
  readonly upstream: string | undefined;
  readonly profile: string | undefined;
  /** Kinds of the faults that really took effect. */
  readonly faults: readonly string[];
  /** Names of the experiments that added faults. */
  readonly experiments: readonly string[];
  /** The breaker was open and the simulator stood in. */
  readonly standIn: boolean;
  readonly status: number;
  readonly ending: Ending | "client-gone";
  /** The code of `errorTable` when the call failed, never set by an injected fault. */
  readonly cause: string | undefined;
  readonly promptTokens: number | undefined;
  /** What the provider asks for it, in US dollars; absent where the upstream has no budget of tokens, or the model no price. */
  readonly costUsd?: number | undefined;
  /** Absent where no records are kept. */
  readonly notes?: RecordNotes | undefined;
  readonly queueMs: number;
  /** When its upstream was asked; absent where none was. */
  readonly askedMs?: number | undefined;
  /** When its connection began to be made; absent where the call got one that was there already. */
  readonly connectingMs?: number | undefined;
  /** When the call had a connection to it, which it may have waited for while all were in use. */
  readonly connectedMs?: number | undefined;
  /** When its response began. */
  readonly headMs?: number | undefined;
  /** When each of `faults` took effect; absent where none did. */
  readonly faultAtMs?: readonly number[] | undefined;
  /** Time spent by us: total − planned − upstream. */
  readonly overheadMs: number;
  /** Largest and mean of actual − planned emission over the frames of a plan. */
  readonly scheduleErrorMs: { readonly mean: number; readonly max: number } | undefined;
  readonly planned: Timeline | undefined;
  readonly actual: Timeline;
  /** Present when the call was mirrored: the two sides of one pair. */
  readonly shadow: ShadowPair | undefined;
};

/** A real and a simulated timing of the same call. */
export type ShadowPair = { readonly real: Timeline; readonly simulated: Timeline };

import type { KeepAliveKind, MakeKeepAlive } from "./shared/keep-alive.ts";
import type { Compose, Part } from "../simulator/parts.ts";
import type { Relative } from "./relative.ts";
import type { Members } from "./shared/members.ts";
import type { ErrorCode, StuntdoubleError } from "../errors.ts";
import type { SeededRng } from "../rng.ts";
import type { Frame, Head, HeaderMap, HeadTime, KnownFacts, Plan, SimulatorSettings } from "../types.ts";
import type { Timing } from "../simulator/timing.ts";

/** A request body: its bytes, and its text decoded at most once. */
export type Body = {
  readonly bytes: Uint8Array;
  text(): string;
  /** Whether its text has been asked for, which takes a multiple of its bytes. */
  isParsed?(): boolean;
};

/** Counts the tokens of a text, exactly or by a cheap estimate; never throws. */
export type CountTokens = (text: string) => number;

/** Everything that is particular to one provider's API. */
export type Dialect = {
  readonly name: string;
  readonly operations: readonly Operation[];
  /** The operations of a path that holds a name, as `/v1/models/gpt-4o`; none when the path is none of them. */
  operationsAt?(path: string): readonly Operation[];
  /** Paths of another API that this one has too; they are its own where an upstream of this dialect is configured. */
  readonly shared?: SharedPaths;
  /** Says whether a request is meant for this API, where its path does not tell: several have `/v1/models`. */
  claims?(path: string, headers: HeaderMap): boolean;
  /** Name of the query parameter in which callers may present their key. */
  readonly keyParameter?: string;
  /** Name of the response header that carries the request id. */
  readonly requestIdHeader: string;
  /** The header, in lower case, in which the API takes its key, and its value for a key. */
  credential(apiKey: string): Header;
  /** Renders a failure, ours or an injected one, in the provider's shape. */
  failure(failure: Failure): Rendered;
  /** The same in the middle of a stream, as one event of it; the status can no longer be told. */
  failureEvent(failure: Failure, place?: StreamPlace): string | Uint8Array;
  /**
   * The headers by which a caller can see its remaining quota.
   *
   * @param nowMs wall time in milliseconds since 1970, for those that name a time
   */
  quotaHeaders(quota: Quota, nowMs: number): string[];
  /**
   * Starts reading a live response: cuts it into frames where events end, and says which of them carry tokens.
   *
   * @param contentType of the response, in lower case
   * @param target of the request, path with query: one content type can be a stream or a whole response
   * @returns undefined for a response that is no stream of this API
   */
  readStream(contentType: string, target?: string): StreamReader | undefined;
  /** How the events of its streams hold their JSON, where they are no text. */
  readonly envelope?: Envelope;
  /** What a stream of an operation sends while nothing is said; undefined for one without a stream. */
  keepAlive?(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined;
  /** Output tokens named by a whole JSON response's usage; undefined when it names none. */
  readUsage(body: Uint8Array): number | undefined;
  /** Where things stand in the JSON of its responses; without it faults cannot change single members. */
  readonly members?: Members | undefined;
  /**
   * What the provider says to a request that does not fit into the context window of its model.
   *
   * @returns undefined where it takes it all the same
   */
  contextExceeded?(excess: ContextExcess): ContextRefusal | undefined;
};

/** Events that hold their JSON between other bytes. */
export type Envelope = {
  /** Says whether a stream has such events, by its content type in lower case. */
  isOf(contentType: string): boolean;
  /** The JSON of an event; undefined for one without, and for bytes that are no event. */
  open(event: Uint8Array): Uint8Array | undefined;
  /** An event that was opened, with other JSON in it. */
  close(event: Uint8Array, json: Uint8Array): Uint8Array;
  /** The same event with a checksum that is wrong. */
  damage(event: Uint8Array): Uint8Array;
  /** An event of a type that no API has. */
  readonly unknown: Uint8Array;
};

/** A request with more tokens than its model takes: in the prompt alone, or together with those that it may generate. */
export type ContextExcess = {
  /** Name of the operation. */
  readonly operation: string;
  readonly model: string;
  readonly promptTokens: number;
  /** Undefined when the caller set no limit. */
  readonly maxTokens: number | undefined;
  readonly contextTokens: number;
};

/** How it is refused: the message, and `param` and `detail` as in any other refusal. */
export type ContextRefusal = {
  readonly message: string;
  readonly param?: string;
  readonly detail?: string | null;
  readonly status?: number;
};

/** Paths that several APIs have. */
export type SharedPaths = {
  readonly operations: readonly Operation[];
  /** Whether a path that cannot be simulated is one of them. */
  claims(path: string): boolean;
};

/** Where in a stream an event stands. */
export type StreamPlace = {
  /** Name of the operation that is streamed; undefined for a path that is none of the dialect's. */
  readonly operation: string | undefined;
  /** How many events came before it. */
  readonly events: number;
};

/** Name and value of one header. */
export type Header = readonly [name: string, value: string];

/** One route of a dialect that can be simulated. */
export type Operation = {
  /** Short name used in logs and metrics: `chat`, `completions`, `responses`, `embeddings`, … */
  readonly name: string;
  readonly method: string;
  readonly route: string;
  /** Anybody may ask, without a key. */
  readonly isOpen?: true;
  /** The model that the path names, where it is known without the body; never throws. */
  modelIn?(target: string): string | undefined;
  /**
   * Reads as much of a request as rules need.
   *
   * @throws BODY_INVALID when the body is no JSON object
   */
  open(request: OpenRequest): Opened;
};

/** What an operation reads a request from. */
export type OpenRequest = {
  readonly headers: HeaderMap;
  /** Path with query: some providers name the model, or how to stream, there. */
  readonly target: string;
  /** The model where the body names none. */
  readonly model?: string | undefined;
  readonly body: Body;
  readonly count: CountTokens;
  /** Where responses are kept; without it each is forgotten at once. */
  readonly kept?: KeptResponses | undefined;
};

/** Responses that can be asked for again by their ids. It is bounded: the oldest are forgotten for new ones. */
export type KeptResponses = {
  /** Keeps a text, given in pieces, under an id, in place of an earlier one; one that is too long is not kept. */
  keep(id: string, pieces: readonly string[]): void;
  /** The text kept under an id; undefined when there is none, or none any more. */
  find(id: string): string | undefined;
  /** @returns whether there was anything to forget */
  forget(id: string): boolean;
};

/** A request that rules can look at and the simulator can ask more of. */
export type Opened = {
  readonly facts: KnownFacts;
  /** Why nothing of the body could be read. */
  readonly unreadable?: StuntdoubleError | undefined;
  /**
   * Validates the whole request as the provider does.
   *
   * @throws BODY_INVALID, NOT_FOUND with the `param` at fault
   */
  ask(settings?: AskSettings): Ask;
};

/** How a request is judged; strictly, and as the provider itself does, where nothing else is said. */
export type AskSettings = Pick<SimulatorSettings, "fidelity" | "format"> & {
  /** The API is only compatible with the one whose operation it is, and refuses less. */
  readonly compatible?: true;
};

/** A valid request in the simulator's terms. */
export type Ask = {
  readonly model: string;
  readonly stream: boolean;
  readonly promptTokens: number;
  /** How many of them, from the beginning, its marks allow a cache to keep; absent for an API without marks, which keeps them all. */
  readonly cacheableTokens?: number | undefined;
  /** Upper limit on output tokens; undefined when the caller set none. 0 for operations that generate no text. */
  readonly maxTokens: number | undefined;
  /** Lower limit on output tokens, where the caller set one: a text does not end before. */
  readonly minTokens?: number | undefined;
  readonly seed: number | undefined;
  /** The API has a form for a model that declines. */
  readonly refuses?: boolean;
  /** What a reply may hold besides text. */
  readonly forms?: ReplyForms;
  /** When the head of a stream leaves, where that is not at once. */
  readonly head?: HeadTime | undefined;
  /** What the prompt has too much is left out, so no prompt is too long. */
  readonly truncates?: boolean;
  /** What is said, where it is anything but prose: tool calls, reasoning, JSON of a schema. */
  readonly compose?: Compose;
  /**
   * How many tokens the whole response has where so many are said: with all its choices, what it repeats, and what it tells
   * beside. Just as many when absent.
   */
  sizeOf?(tokens: number): number;
  /** How many choices it has, each said beside the others; 1 when absent. */
  readonly choices?: number;
  /** Writes the simulated response, JSON in one frame or SSE frame by frame. */
  write(script: Script): Plan;
};

/** What the API has a form for, besides text and a refusal. */
export type ReplyForms = {
  readonly reasoning?: true;
  /** Calls of tools, whose arguments are JSON objects, or any text. */
  readonly calls?: "object" | "text";
  /** Without it as many as are wanted. */
  readonly maxCalls?: number;
  /** The name under which the dialect knows a tool of the request. */
  keyOf?(name: string): string;
};

/** What the simulator made up; a dialect puts it on the wire. */
export type Script = {
  /** Request id, unique per call; response ids derive from it. */
  readonly id: string;
  readonly createdSeconds: number;
  /** `atMs` has a time for each token of all parts, in order. */
  readonly timing: Timing;
  /** What is said; usually one text of real tokens. */
  readonly parts: readonly Part[];
  /** `length` when the limit on tokens ended it. */
  readonly finish: "stop" | "length";
  /** Tokens of the prompt that a cache had; 0 when absent. */
  readonly cachedTokens?: number | undefined;
  /** It was said what comes back, so all choices say the same, and the words are not of our own vocabulary. */
  readonly given?: true;
  readonly rng: SeededRng;
  /** What is different where the response is one of a relative of the API. */
  readonly relative?: Relative | undefined;
};

/** A failure to be told to the caller. */
export type Failure = {
  readonly status: number;
  /** Ours; undefined for an injected fault, which then gets the provider's usual body for the status. */
  readonly code?: ErrorCode;
  /** Replaces the provider's usual message. */
  readonly message?: string;
  /** The request field at fault; with RATE_LIMITED `requests` or `tokens`, whichever ran out. */
  readonly param?: string | undefined;
  /** The provider's own `code` for what is wrong; null where it gives none. */
  readonly detail?: string | null | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly model?: string | undefined;
  readonly requestId: string;
  /** Wall time in milliseconds since 1970; without it no header of the failure names a time. */
  readonly nowMs?: number | undefined;
  /** Path with query of the request: by it some APIs know in what form they stream. */
  readonly target?: string | undefined;
  /** A refusal that looks like one to retry, and is none: the credit is used up, or the request alone is above the limit. */
  readonly variant?: FailureVariant | undefined;
};

export type FailureVariant = "quota" | "too-large";

export type Rendered = { readonly head: Head; readonly body: string };

/** One key's allowance: per minute, what is left now, and milliseconds until it is full again. */
export type Quota = {
  readonly requests?: { readonly limit: number; readonly remaining: number; readonly resetMs: number };
  readonly tokens?: { readonly limit: number; readonly remaining: number; readonly resetMs: number };
};

/** Cuts a live stream into frames without changing, losing or holding back a byte beyond the current event. */
export type StreamReader = {
  /**
   * Takes the next bytes.
   *
   * @returns the events completed by them, in order; `atMs` is the time given
   */
  push(atMs: number, bytes: Uint8Array): Frame[];
  /** The bytes of an unfinished event at the end of the stream; undefined when there are none. */
  flush(atMs: number): Frame | undefined;
};

import type { Http2Reset } from "../core/faults/engine/types.ts";
import type { Agent } from "node:http";
import type { Readable } from "node:stream";
import type { Body, CountTokens, Dialect, Header, KeptResponses, Opened, Operation } from "../core/dialects/types.ts";
import type { StuntdoubleError } from "../core/errors.ts";
import type { ConditionalReply } from "../core/replies/conditional.ts";
import type { Copy } from "../core/records/copied.ts";
import type { Involvements } from "../core/experiments/layer.ts";
import type { Snapshot } from "../core/snapshot.ts";
import type { CallSpan, Tracing } from "../core/tracing.ts";
import type { Call, Decision, Ending, Head, HeaderList, HeaderMap, KnownFacts, Outcome } from "../core/types.ts";
import type { Breaker } from "../limits/breaker.ts";
import type { Budget, Paid } from "../limits/budgets/budget.ts";
import type { Clock } from "../limits/clock.ts";
import type { MemoryBudget } from "../limits/memory-budget.ts";
import type { Keys } from "../limits/keys.ts";
import type { Permits } from "../limits/permits/permits.ts";
import type { ProfileCache } from "../limits/profile-cache.ts";
import type { Replays } from "../limits/replays.ts";
import type { Rates } from "../limits/rates.ts";
import type { SharedRates } from "../limits/shared-rates.ts";
import type { Chaos } from "./chaos.ts";
import type { Carrier, Forwarded, Outgoing, Receiver, Show } from "./live.ts";
import type { RecordingWriter } from "./recordings/types.ts";
import type { Serving } from "./profiles/serving.ts";
import type { CallState } from "../core/clients/state.ts";
import type { Timer, Wheel } from "./timer-wheel.ts";

/** A request as an adapter hands it over, independent of the protocol it came by. */
export type Request = {
  readonly id: string;
  readonly method: string;
  /** Path with query, always beginning with `/`. */
  readonly target: string;
  readonly route: string;
  readonly headers: HeaderMap;
  readonly rawHeaders: HeaderList;
  readonly client: string;
  /** The address that is appended to what names the client to the upstream; undefined where none is. */
  readonly peer?: string | undefined;
  readonly dialect: Dialect;
  /** Undefined for a path that cannot be simulated. */
  readonly operation: Operation | undefined;
  /** What is read of the body of an operation: all of it, decoded, until nothing more is read. Undefined where none is. */
  body: Body | undefined;
  /** The bytes that are forwarded, where they are not those of `body`: encoded, or of a body that cannot be read. */
  encoded?: Uint8Array | undefined;
  /** The body that is forwarded while it arrives: of a path that cannot be simulated, or of one that is not read. */
  readonly bodyStream: Readable | undefined;
  /** Why the body of an operation cannot be read, and so not simulated. */
  readonly unread?: StuntdoubleError | undefined;
  /** What was read of a body that cannot be simulated. */
  readonly facts?: KnownFacts | undefined;
  /** Takes the call to its upstream where it is forwarded, instead of us. */
  readonly carrier?: Carrier | undefined;
  /** How it stands to the calls before it; undefined until its admission. */
  state?: CallState | undefined;
};

/**
 * The way back to one client. After `whole`, `end`, `cut` or `reset` nothing more is sent.
 *
 * None of them throws when the client has left; `listener.left` tells.
 */
export type Reply = {
  /** A complete response in one piece; the adapter frames it and may compress it. */
  whole(head: Head, data: string | Uint8Array): void;
  /** Sends an informational response before the head, where the adapter can. */
  inform?(head: Head): void;
  head(head: Head): void;
  /** @returns false when the client reads slower than we write; `listener.drained` follows */
  write(data: string | Uint8Array): boolean;
  /** Fields that follow the body when the response ends, where the client takes them. */
  trailers?(fields: HeaderList): void;
  end(): void;
  /** Closes the connection without ending the response. */
  cut(): void;
  /** The same by TCP RST, or RST_STREAM on HTTP/2. @param how of the latter; the code CANCEL when absent */
  reset(how?: Http2Reset): void;
  listener: ReplyListener | undefined;
};

export type ReplyListener = {
  drained(): void;
  /**
   * The client is gone, or the response is complete and sent. Called once.
   *
   * @param cause why it was we who ended the connection
   */
  left(cause?: "SEND_TIMEOUT"): void;
};

/** Who is told of a response that is played. */
export type PlayerOwner = {
  /** Nothing more will be sent; called once, with the time of the end. */
  settled(ending: Ending | "client-gone", atMs: number): void;
  /** The connection was ended by us; `settled` follows. */
  failed(cause: "SEND_TIMEOUT"): void;
  /** So many more bytes wait for the client, or fewer where it is below 0; those of a plan are not among them. */
  waiting(bytes: number): void;
};

/** What calls need of their event loop. */
export type Loop = {
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** Told when a fault begins to act on a call; it acts until the call's outcome. */
  faultStarted?(fault: string, rule: string): void;
  /** Told what became of the copy of a call, or why there is none. */
  copied?(upstream: string, result: CopyResult): void;
  /** Told what a call has cost of the budget of its upstream. */
  paid?(upstream: string, paid: Paid): void;
  /** Absent where no traces are made. */
  readonly tracing?: Tracing | undefined;
};

/** The times of one call, in milliseconds from its start. */
export type CallTimes = {
  now(): number;
  /** Arms a timer for that time of the call; one that is armed already is moved. */
  arm(timer: Timer, atMs: number): void;
  disarm(timer: Timer): void;
  /** How a reset is told over HTTP/2, where a fault says so. */
  readonly http2Reset?: Http2Reset | undefined;
};

export type Upstream = {
  /** Origin and base path of its first address. */
  readonly url: string;
  readonly name: string;
  send(outgoing: Outgoing, receiver: Receiver): Forwarded;
  /** Where a WebSocket with that target is opened. */
  socketTarget(target: string): SocketTarget;
  /** Its connections of HTTP, over all its addresses. */
  connections(): PoolUse;
  /** Keeps no connection any longer. Resolves when the calls under way are done; later ones are sent all the same. */
  close(): Promise<void>;
};

/** How far the connections to an upstream are in use, and the calls that wait for one. */
export type PoolUse = { readonly open: number; readonly idle: number; readonly waiting: number };

/** Where a WebSocket is opened. */
export type SocketTarget = {
  readonly origin: string;
  readonly path: string;
  /** Makes its connection, where that is done in a special way. */
  readonly agent: Agent | undefined;
  /** It could not be reached: the next call is given another address, where there is one. */
  unreached(): void;
};

/** One snapshot and what was built for it in this event loop. */
export type Runtime = {
  readonly snapshot: Snapshot;
  readonly keys: Keys | undefined;
  readonly rates: Rates | undefined;
  /** Takes the place of `rates` where limits hold over all nodes; absent where they hold for this one. */
  readonly sharedRates?: SharedRates | undefined;
  readonly profiles: ProfileCache;
  /** Absent where no rule plays recordings. */
  readonly replays?: Replays | undefined;
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>;
  /** Undefined where no rule copies calls. */
  readonly mirrors?: Mirrors | undefined;
};

export type UpstreamRuntime = {
  readonly upstream: Upstream;
  /** Undefined where none is configured: then every call may ask the upstream. */
  readonly breaker: Breaker | undefined;
  readonly whenOpen: "simulate" | "fail" | "forward";
  /** Undefined where none is configured. */
  readonly budget?: Budget | undefined;
  /** The header with the key that is sent instead of the caller's. */
  readonly credential: Header | undefined;
};

/** Copies calls to other upstreams; what those respond is measured and thrown away. */
export type Mirrors = {
  /**
   * Begins a copy of a call, and never makes it wait.
   *
   * @returns undefined where nothing gets a copy of it, it is not drawn, or its copy is dropped
   */
  begin(request: Request, call: CallToCopy, copier: Copier): Copy | undefined;
};

/** Where copies of a call may go, and its span, where traces are made. */
export type Copier = Pick<Runtime, "upstreams"> & { readonly span: CallSpan | undefined };

/** What is known of a call that may be copied. */
export type CallToCopy = {
  readonly call: Call;
  readonly opened: Opened | undefined;
  readonly decision: Decision;
};

/** What became of a copy: its response was measured, or why not. */
export type CopyResult =
  | "measured"
  | "failed"
  | "deadline"
  | "queue-full"
  | "rate-limited"
  | "breaker"
  | "budget-spent"
  | "not-copyable"
  | "stopped";

/** Takes requests from any adapter to their end. */
export type Act = {
  /**
   * Whether the body of a request matters before it is forwarded: to a rule, to the simulator, or to a limit. Where it does
   * not, it may be forwarded while it arrives.
   */
  needsBody(request: Request): boolean;
  serve(request: Request, reply: Reply): void;
  /** Responds to a request that could not be read. */
  refuse(request: Request, reply: Reply, error: StuntdoubleError): void;
  /**
   * Begins to time a call that is on its way without us. Nothing said to `reply` matters but that it ends.
   *
   * @returns to be called once, when the request is there as far as it is shown; its `body` is undefined where it is not
   */
  watch(request: Request, reply: Reply): (show: Show) => void;
  /** Calls not ended yet. */
  open(): number;
};

/** What clients do, as one event loop sees it. */
export type Clients = {
  /**
   * A request has arrived: from now on it has its state.
   *
   * @param caller hash of the key that it presents
   */
  arrived(request: Request, caller: string | undefined): void;
  /**
   * Asks other nodes what rules want to know of a request that has arrived; absent where nothing is shared.
   *
   * @param rules asks the rules, of a state that it is given
   * @returns undefined where they want to know nothing that other nodes count; it resolves in a bounded time
   */
  askNodes?(request: Request, rules: (state: CallState) => void): Promise<void> | undefined;
  /** Its call has ended. @param call its request, and the experiments that had it in their scope */
  ended(outcome: Outcome, call: { readonly request: Request; readonly involved: Involvements }, sent: Sender): void;
};

/** Who has sent a response. */
export type Sender = { response(): SentResponse };

/** What its client saw of a response. */
export type SentResponse = {
  readonly head: Head | undefined;
  /** The first piece of the body of a response from 400 on. */
  readonly errorData: string | Uint8Array | undefined;
};

/** What acting on calls needs of its event loop and node. */
export type ActDeps = {
  readonly loop: Loop;
  readonly permits: Permits;
  readonly memory: MemoryBudget;
  readonly count: CountTokens;
  readonly kept: KeptResponses;
  /** What the admin API was told to reply to a call, counted as given; absent where there is none. */
  givenReply?(call: Call, seed: number): ConditionalReply | undefined;
  /** The name of this node among those that forward a request; no other has it. */
  readonly pseudonym: string;
  readonly chaos: Chaos;
  /** Absent where no state of calls is kept. */
  readonly clients?: Clients;
  /** Absent where nothing can be recorded. */
  readonly recordings?: RecordingWriter;
  /** Absent where each call is simulated as if it were alone. */
  readonly serving?: Serving;
  /** The configuration in force, with everything built for it. */
  runtime(): Runtime;
  /** @param copy of the call, whose record waits for it */
  emit(outcome: Outcome, copy?: Copy): void;
  /** True once the node no longer waits for its calls: from then on it is we who close their connections. */
  stopping(): boolean;
  /** Wall clock, milliseconds since 1970. */
  wallClockMs(): number;
};

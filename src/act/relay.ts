import type { Forwarded, Passage, Receiver, Runtime, Show, Upstream, UpstreamRuntime } from "./types.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { bendLive, type PreparedFault } from "../core/faults/index.ts";
import { simulateTiming } from "../core/simulator/simulate.ts";
import type { Frame, Head, Sink, Timeline } from "../core/types.ts";
import type { Opened, StreamReader } from "../core/dialects/types.ts";
import type { Breaker, Ticket } from "../limits/breaker.ts";
import type { Exchange } from "./exchange.ts";
import { headerValue, requestHeaders, requestTarget, responseHeaders } from "./headers.ts";
import { createTimer, type Timer } from "./timer-wheel.ts";

/** A JSON answer larger than this is not searched for its usage. */
const usageWithinBytes = 1024 * 1024;

export type LiveOptions = {
  readonly exchange: Exchange;
  readonly runtime: Runtime;
  /** That of the upstream; undefined for an answer that is only watched. */
  readonly breaker: Breaker | undefined;
  /** The breaker's leave; undefined when the upstream is asked although it is open. */
  readonly ticket: Ticket | undefined;
  readonly faults: readonly PreparedFault[];
};

/** A real answer on its way to the client: measured, and bent by faults while it flows. */
export class Live implements Receiver {
  readonly #exchange: Exchange;
  readonly #runtime: Runtime;
  readonly #breaker: Breaker | undefined;
  readonly #ticket: Ticket | undefined;
  readonly #faults: readonly PreparedFault[];
  readonly #sink: Sink;
  readonly #alarms: Timer[] = [];
  readonly #arrivedAtMs: number[] = [];
  #simulated: Timeline | undefined = undefined;
  #forwarded: Forwarded | undefined = undefined;
  #reader: StreamReader | undefined = undefined;
  #json: Uint8Array[] | undefined = undefined;
  #jsonBytes = 0;
  #state: "asked" | "answering" | "over" = "asked";

  constructor({ exchange, runtime, breaker, ticket, faults }: LiveOptions) {
    this.#exchange = exchange;
    this.#runtime = runtime;
    this.#breaker = breaker;
    this.#ticket = ticket;
    this.#faults = faults;
    const { player } = exchange;
    const at = (atMs: number, task: (atMs: number) => void) => this.#at(atMs, task);
    this.#sink = faults.length === 0 ? player : bendLive(player, faults, { ...exchange.faultContext(), at });
  }

  start(opened: Opened | undefined, { upstream, credential }: UpstreamRuntime): void {
    const { request, story } = this.#exchange;
    this.#mirror(opened);
    const readable = opened?.facts.stream === true && (this.#faults.length > 0 || this.#simulated !== undefined);
    const forwarding = {
      controlHeader: this.#runtime.snapshot.control.header,
      credential,
      dropCredentials: this.#runtime.keys !== undefined,
      requestId: request.id,
      pseudonym: this.#exchange.deps.pseudonym,
      plain: readable || this.#faults.length > 0,
    };
    const headers = requestHeaders(request.rawHeaders, forwarding);
    const target = requestTarget(request.target, request.dialect.keyParameter, forwarding);
    story.upstreamAskedMs = this.#now();
    this.#follow(this.#send(upstream, target, headers));
  }

  /** Follows an answer that reaches the client without us. */
  watch(opened: Opened | undefined, show: Show): void {
    this.#mirror(opened);
    this.#exchange.story.upstreamAskedMs = this.#now();
    this.#follow(show(this));
  }

  #follow(forwarded: Forwarded): void {
    this.#forwarded = forwarded;
    this.#exchange.player.flow = forwarded;
  }

  #send(upstream: Upstream, target: string, headers: string[]): Forwarded {
    const { request, story } = this.#exchange;
    if (request.carrier !== undefined) {
      const passage = { upstream: upstream.name, headers, decision: story.decision!, need: this.#need() };
      return request.carrier.carry(passage, this);
    }
    const bytes = request.body?.bytes;
    const body = bytes !== undefined && bytes.length > 0 ? bytes : (request.bodyStream ?? null);
    return upstream.send({ method: request.method, target, headers, body }, this);
  }

  /** What a gateway must show of the answer. */
  #need(): Passage["need"] {
    const [first, ...others] = this.#faults;
    if (first?.headOnly === true && others.length === 0) return "head";
    if (first !== undefined) return "bend";
    return this.#simulated === undefined ? "head" : "read";
  }

  head(head: Head): void {
    this.#state = "answering";
    if (head.status >= 500) this.#ticket?.failed();
    else this.#ticket?.succeeded();
    const { request, story } = this.#exchange;
    const plain = headerValue(head.headers, "content-encoding") === undefined;
    const type = (headerValue(head.headers, "content-type") ?? "").toLowerCase();
    this.#reader = plain ? request.dialect.readStream(type, request.target) : undefined;
    const whole = plain && request.operation !== undefined && type.startsWith("application/json");
    if (whole && this.#reader === undefined) this.#json = [];
    const headers = responseHeaders(head.headers, this.#faults.length === 0);
    const { requestIdHeader } = request.dialect;
    if (headerValue(headers, requestIdHeader) === undefined) headers.push(requestIdHeader, request.id);
    this.#exchange.addResponseHeaders(headers, story.decision!, "forward");
    const given: Head = { status: head.status, headers };
    if (this.#faults.length === 0) this.#sink.head(this.#now(), given);
    else this.#exchange.player.together(() => this.#sink.head(this.#now(), given));
  }

  data(bytes: Uint8Array): void {
    const atMs = this.#now();
    if (this.#json !== undefined) this.#keep(bytes);
    if (this.#reader === undefined) {
      this.#sink.data({ atMs, data: bytes, tokens: 0, final: false });
      return;
    }
    const frames = this.#reader.push(atMs, bytes);
    let tokens = 0;
    for (const frame of frames) tokens += frame.tokens;
    for (let count = tokens; count > 0; count -= 1) this.#arrivedAtMs.push(atMs);
    if (this.#faults.length === 0) this.#sink.data({ atMs, data: bytes, tokens, final: false });
    else for (const frame of frames) this.#sink.data(frame);
  }

  end(): void {
    const atMs = this.#now();
    this.#state = "over";
    const { story } = this.#exchange;
    story.upstreamEndedMs = atMs;
    const rest: Frame | undefined = this.#reader?.flush(atMs);
    if (rest !== undefined && this.#faults.length > 0) this.#sink.data(rest);
    story.outputTokens = this.#usage();
    this.#pair(atMs);
    this.#sink.end(atMs, "finish");
  }

  handedOver(): void {
    const atMs = this.#now();
    this.#state = "over";
    this.#exchange.story.upstreamEndedMs = atMs;
    this.#sink.end(atMs, "finish");
  }

  failed(error: StuntdoubleError): void {
    const before = this.#state;
    this.#state = "over";
    this.#exchange.story.upstreamEndedMs = this.#now();
    if (before === "asked") {
      this.#ticket?.failed();
      this.#exchange.fail(error);
      return;
    }
    this.#breaker?.failedLate();
    this.#exchange.story.cause = error.code;
    this.#sink.end(this.#now(), "reset");
  }

  /** The answer to the client has ended, whichever way: nothing more is wanted of the upstream. */
  stop(): void {
    for (const alarm of this.#alarms) this.#exchange.deps.loop.wheel.disarm(alarm);
    if (this.#state === "asked") this.#ticket?.abandoned();
    if (this.#state !== "over") this.#forwarded?.abort();
    this.#state = "over";
  }

  /** Plans what the simulator would have done; a request that only the provider understands, or can answer at such length, is not compared. */
  #mirror(opened: Opened | undefined): void {
    const { story, deps } = this.#exchange;
    const source = story.decision?.mirror;
    if (source === undefined || opened === undefined) return;
    const wanted = source.from === "simulator" ? source.profile : undefined;
    try {
      const ask = opened.ask();
      const profile = this.#runtime.profiles.find(ask.model, wanted);
      const { overrides } = story.decision!;
      const inFlight = deps.permits.inFlight();
      const seed = overrides.seed ?? ask.seed ?? this.#exchange.seed();
      const maxOutputTokens = this.#runtime.snapshot.limits.maxOutputTokens;
      const timing = simulateTiming({ ask, profile, overrides, seed, inFlight, maxOutputTokens });
      story.profile = profile.profile.name;
      story.promptTokens = ask.promptTokens;
      this.#simulated = {
        ttftMs: ask.stream ? timing.ttftMs : undefined,
        totalMs: timing.totalMs,
        tokens: timing.tokens,
        atMs: ask.stream ? timing.atMs : [],
      };
    } catch (error) {
      if (!(error instanceof StuntdoubleError)) throw error;
    }
  }

  /** Only answers that ended well are compared. */
  #pair(totalMs: number): void {
    const { story, player } = this.#exchange;
    if (this.#simulated === undefined || (player.headSent?.status ?? 0) >= 400) return;
    const tokens = story.outputTokens ?? this.#arrivedAtMs.length;
    const real: Timeline = { ttftMs: this.#arrivedAtMs[0], totalMs, tokens, atMs: this.#arrivedAtMs };
    story.shadow = { real, simulated: this.#simulated };
  }

  #keep(bytes: Uint8Array): void {
    this.#jsonBytes += bytes.length;
    if (this.#jsonBytes > usageWithinBytes) this.#json = undefined;
    else this.#json?.push(bytes);
  }

  #usage(): number | undefined {
    if (this.#json === undefined) return undefined;
    return this.#exchange.request.dialect.readUsage(Buffer.concat(this.#json));
  }

  #at(atMs: number, task: (atMs: number) => void): void {
    const { deps, player } = this.#exchange;
    const alarm = createTimer(() => task(this.#now()));
    this.#alarms.push(alarm);
    deps.loop.wheel.arm(alarm, player.startMs + atMs);
  }

  #now(): number {
    return this.#exchange.deps.loop.clock.now() - this.#exchange.player.startMs;
  }
}

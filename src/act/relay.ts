import type { Flow, Forwarded, Passage, Receiver } from "./live.ts";
import { headerValue } from "../core/headers.ts";
import type { CallTimes, Request } from "./types.ts";
import type { StuntdoubleError } from "../core/errors.ts";
import { bendLive, type BendContext, type LiveBend, type PreparedFault } from "../core/faults/index.ts";
import { noteUsage, type RecordNotes } from "../core/records/notes.ts";
import type { Ending, Frame, Head, HeaderList, ShadowPair, Sink, Timeline } from "../core/types.ts";
import type { StreamReader } from "../core/dialects/types.ts";
import type { Breaker, Ticket } from "../limits/breaker.ts";
import { neverBuffered, responseHeaders } from "./headers.ts";
import { createTimer, type Timer } from "./timer-wheel.ts";
import { eventText } from "./usage/event-text.ts";
import { KeptJson } from "./usage/kept-json.ts";

/** A response of these has no body, and no length. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/** What a relay asks and notes of its call. */
export type RelayedCall = CallTimes & {
  readonly request: Request;
  faultContext(): BendContext;
  addHeaders(headers: string[], label: "forward"): void;
  knownUpstreamAs(id: string): void;
  upstreamConnected(atMs: number, tookMs: number | undefined): void;
  upstreamResponded(atMs: number): void;
  upstreamEnded(atMs: number): void;
  measured(outputTokens: number | undefined, shadow: ShadowPair | undefined): void;
  failed(code: string): void;
  /** Undefined where no records are kept. */
  readonly notes?: RecordNotes | undefined;
};

/** To whom a relay gives the response. */
export type RelaySink = Sink & {
  /** An informational response, of which nothing is noted. */
  inform?(head: Head): void;
  /** @param trailers for clients that take them */
  end(atMs: number, ending: Ending, trailers?: HeaderList): void;
  /** Of the head that was sent; undefined when none was. */
  readonly status: number | undefined;
  /** The source can be held back from now on. */
  slowedBy(flow: Flow): void;
  /** What comes while `task` runs is looked at when all of it is there. */
  together(task: () => void): void;
};

/** Who ends the call where its upstream gives no response. */
export type RelayOwner = {
  /** The head has come: from now on the response is the upstream's. */
  responded(): void;
  /** There will be no head. */
  unanswered(error: StuntdoubleError): void;
};

export type RelayOptions = {
  readonly owner: RelayOwner;
  readonly faults: readonly PreparedFault[];
  /** That of the upstream; undefined for a response that is only watched. */
  readonly breaker: Breaker | undefined;
  /** The breaker's admission ticket; undefined when the upstream is asked although it is open. */
  readonly ticket: Ticket | undefined;
};

/** A real response on its way to the client: measured, and bent by faults while it flows. */
export class Relay implements Receiver {
  readonly #call: RelayedCall;
  readonly #to: RelaySink;
  readonly #options: RelayOptions;
  readonly #sink: Sink;
  readonly #bend: LiveBend | undefined;
  readonly #alarms: Timer[] = [];
  readonly #arrivedAtMs: number[] = [];
  #simulated: Timeline | undefined = undefined;
  #forwarded: Forwarded | undefined = undefined;
  #reader: StreamReader | undefined = undefined;
  #json: KeptJson | undefined = undefined;
  #state: "asked" | "responding" | "over" = "asked";

  constructor(call: RelayedCall, to: RelaySink, options: RelayOptions) {
    const { faults } = options;
    this.#call = call;
    this.#to = to;
    this.#options = options;
    if (faults.length === 0) this.#bend = undefined;
    else {
      const at = (atMs: number, task: (atMs: number) => void) => this.#at(atMs, task);
      const watched = endTold(to, () => this.#endedByFault());
      this.#bend = bendLive(watched, faults, { ...call.faultContext(), at, letGo: () => this.#endedByFault() });
    }
    this.#sink = this.#bend ?? to;
  }

  /** What the simulator would have done; undefined where nothing is compared. */
  compareWith(simulated: Timeline | undefined): void {
    this.#simulated = simulated;
  }

  /** A response may still come. */
  get isOpen(): boolean {
    return this.#state !== "over";
  }

  /** The upstream has been asked. */
  follow(forwarded: Forwarded): void {
    this.#forwarded = forwarded;
    this.#to.slowedBy(forwarded);
  }

  connected(tookMs: number | undefined): void {
    this.#call.upstreamConnected(this.#call.now(), tookMs);
  }

  informed({ status, headers }: Head): void {
    if (this.#options.faults.length === 0) this.#to.inform?.({ status, headers: responseHeaders(headers, false) });
  }

  head(head: Head): void {
    this.#state = "responding";
    this.#call.upstreamResponded(this.#call.now());
    this.#options.owner.responded();
    if (head.status >= 500) this.#options.ticket?.failed();
    else this.#options.ticket?.succeeded();
    const { request } = this.#call;
    const plain = headerValue(head.headers, "content-encoding") === undefined;
    const type = (headerValue(head.headers, "content-type") ?? "").toLowerCase();
    const reader = request.dialect.readStream(type, request.target);
    this.#reader = plain ? reader : undefined;
    const whole = plain && request.operation !== undefined && type.startsWith("application/json");
    if (whole && this.#reader === undefined) this.#json = new KeptJson();
    const headers = responseHeaders(head.headers, this.#options.faults.length === 0 && !bodiless.has(head.status));
    const { requestIdHeader } = request.dialect;
    const given = headerValue(headers, requestIdHeader);
    if (given === undefined) headers.push(requestIdHeader, request.id);
    else this.#call.knownUpstreamAs(given);
    if (reader !== undefined) neverBuffered(headers);
    this.#call.addHeaders(headers, "forward");
    const shown: Head = { status: head.status, headers };
    if (this.#options.faults.length === 0) this.#sink.head(this.#call.now(), shown);
    else this.#to.together(() => this.#sink.head(this.#call.now(), shown));
  }

  data(bytes: Uint8Array): void {
    const atMs = this.#call.now();
    this.#json?.add(bytes);
    if (this.#reader === undefined) {
      this.#sink.data({ atMs, data: bytes, tokens: 0, final: false });
      return;
    }
    const frames = this.#reader.push(atMs, bytes);
    const { notes, request } = this.#call;
    let tokens = 0;
    let final = false;
    for (const frame of frames) {
      tokens += frame.tokens;
      final ||= frame.final;
      if (notes !== undefined && (frame.tokens === 0 || frame.final))
        noteUsage(notes, eventText(frame, request.dialect));
    }
    for (let count = tokens; count > 0; count -= 1) this.#arrivedAtMs.push(atMs);
    if (this.#options.faults.length === 0) this.#sink.data({ atMs, data: bytes, tokens, final });
    else for (const frame of frames) this.#sink.data(frame);
  }

  end(trailers?: HeaderList): void {
    const atMs = this.#call.now();
    this.#state = "over";
    this.#call.upstreamEnded(atMs);
    this.#flush(atMs);
    const tokens = this.#usage();
    this.#call.measured(tokens, this.#pair(atMs, tokens));
    // They may tell of the whole body, as a checksum does, and a fault may have changed it.
    if (trailers === undefined || this.#options.faults.length > 0) this.#sink.end(atMs, "finish");
    else this.#to.end(atMs, "finish", responseHeaders(trailers, false));
  }

  handedOver(): void {
    const atMs = this.#call.now();
    this.#state = "over";
    this.#call.upstreamEnded(atMs);
    this.#sink.end(atMs, "finish");
  }

  failed(error: StuntdoubleError, how: "cut" | "reset" = "reset"): void {
    const before = this.#state;
    const atMs = this.#call.now();
    this.#state = "over";
    this.#call.upstreamEnded(atMs);
    if (before === "asked") {
      const isClients = error.code === "REQUEST_TIMEOUT" || error.code === "BODY_TOO_LARGE";
      if (isClients) this.#options.ticket?.abandoned();
      else this.#options.ticket?.failed();
      this.#options.owner.unanswered(error);
      return;
    }
    this.#options.breaker?.failedLate();
    this.#call.failed(error.code);
    this.#flush(atMs);
    this.#sink.end(atMs, how);
  }

  /** No fault acts any more; what comes from now on passes as the upstream gives it. */
  letGo(): void {
    for (const alarm of this.#alarms) this.#call.disarm(alarm);
    this.#bend?.letGo();
  }

  /** The response to the client has ended, whichever way: nothing more is wanted of the upstream. */
  stop(): void {
    for (const alarm of this.#alarms) this.#call.disarm(alarm);
    if (this.#state === "asked") this.#options.ticket?.abandoned();
    if (this.#state !== "over") this.#forwarded?.abort();
    this.#state = "over";
  }

  /** Nobody reads on, though the client may wait for what is still to be sent: the upstream must not go on, and be paid for it. */
  #endedByFault(): void {
    // A gateway would break the client's response with it.
    if (this.#state === "over" || this.#call.request.carrier !== undefined) return;
    if (this.#state === "asked") this.#options.ticket?.abandoned();
    this.#state = "over";
    this.#call.upstreamEnded(this.#call.now());
    this.#forwarded?.abort();
  }

  /** Faults are given whole events; what has come of another at the end is no less the client's. */
  #flush(atMs: number): void {
    const rest: Frame | undefined = this.#reader?.flush(atMs);
    if (rest !== undefined && this.#options.faults.length > 0) this.#sink.data(rest);
  }

  /** Only responses that ended well are compared. */
  #pair(totalMs: number, usage: number | undefined): ShadowPair | undefined {
    if (this.#simulated === undefined || (this.#to.status ?? 0) >= 400) return undefined;
    const tokens = usage ?? this.#arrivedAtMs.length;
    const real: Timeline = { ttftMs: this.#arrivedAtMs[0], totalMs, tokens, atMs: this.#arrivedAtMs };
    return { real, simulated: this.#simulated };
  }

  #usage(): number | undefined {
    const body = this.#json?.whole();
    if (body === undefined) return undefined;
    const { notes, request } = this.#call;
    if (notes !== undefined) noteUsage(notes, body.toString());
    return notes?.usage?.outputTokens ?? request.dialect.readUsage(body);
  }

  #at(atMs: number, task: (atMs: number) => void): void {
    const alarm = createTimer(() => task(this.#call.now()));
    this.#alarms.push(alarm);
    this.#call.arm(alarm, atMs);
  }
}

/** A sink that tells when it has been given the end. */
function endTold(to: Sink, ended: () => void): Sink {
  return {
    head: (atMs, head) => to.head(atMs, head),
    data: (frame) => to.data(frame),
    end(atMs, ending) {
      to.end(atMs, ending);
      ended();
    },
  };
}

/** What a gateway must show of the response. @param isRead its tokens are timed, counted or recorded */
export function needOf(faults: readonly PreparedFault[], isRead: boolean): Passage["need"] {
  const [first, ...others] = faults;
  if (first?.headOnly === true && others.length === 0) return "head";
  if (first !== undefined) return "bend";
  return isRead ? "read" : "head";
}

import type { Carrier, Forwarded, Outgoing, Passage, Receiver, Show } from "../../src/act/live.ts";
import type { Request, Upstream } from "../../src/act/types.ts";
import { StuntdoubleError, type ErrorCode } from "../../src/core/errors.ts";

/** One call as it reached an upstream, and the means to respond to it. Once it is aborted, what is said is not heard. */
export type UpstreamCall = {
  /** Name of the upstream. */
  readonly upstream: string;
  readonly outgoing: Outgoing;
  /** What a gateway was told, where one carries the call. */
  readonly passage: Passage | undefined;
  /** True while we are asked to send nothing. */
  readonly paused: boolean;
  readonly aborted: boolean;
  /** The value of a header that was sent; undefined when it was not. */
  header(name: string): string | undefined;
  /** The body that was sent, unless it is a stream. */
  text(): string;
  head(status: number, headers?: Readonly<Record<string, string>>): void;
  data(data: string | Uint8Array): void;
  end(): void;
  /** A whole JSON response, at once. */
  json(status: number, body: unknown): void;
  /** The rest of the response goes to the client by another way. */
  handedOver(): void;
  failed(code: ErrorCode, message?: string): void;
};

/** Where the calls of all upstreams are noted. */
export type UpstreamCalls = { add(call: UpstreamCall): void };

/** The head of a live stream, as the upstream gives it. */
export const streamHead = { "content-type": "text/event-stream" } as const;

/** The event of a live chat stream with one token. */
export function tokenEvent(content: string): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

/** An upstream that sends nothing anywhere: the test decides what comes back, and when. */
export function createFakeUpstream(name: string, url: string, calls: UpstreamCalls): Upstream {
  return {
    name,
    url,
    send: (outgoing, receiver) => noted({ upstream: name, outgoing, passage: undefined }, receiver, calls),
    socketTarget: (target) => ({ origin: url, path: target, agent: undefined, unreached: () => undefined }),
    connections: () => ({ open: 0, idle: 0, waiting: 0 }),
    close: () => Promise.resolve(),
  };
}

/** A gateway that carries calls to upstreams that send nothing anywhere. */
export function createFakeCarrier(request: Omit<Outgoing, "headers">, calls: UpstreamCalls): Carrier {
  return {
    carry(passage, receiver) {
      const { upstream, headers } = passage;
      return noted({ upstream, outgoing: { ...request, headers: [...headers] }, passage }, receiver, calls);
    },
  };
}

/** Shows the response to a call that goes past us. */
export function createFakeShow({ id, method, target, rawHeaders }: Request, calls: UpstreamCalls): Show {
  const outgoing: Outgoing = { method, target, headers: [...rawHeaders, "x-request-id", id], body: null };
  return (receiver) => noted({ upstream: "elsewhere", outgoing, passage: undefined }, receiver, calls);
}

type Seen = Pick<UpstreamCall, "upstream" | "outgoing" | "passage">;

function noted(seen: Seen, receiver: Receiver, calls: UpstreamCalls): Forwarded {
  const state = { paused: false, aborted: false };
  const say = (word: () => void): void => {
    if (!state.aborted) word();
  };
  const call: UpstreamCall = {
    ...seen,
    get paused() {
      return state.paused;
    },
    get aborted() {
      return state.aborted;
    },
    header: (name) => headerOf(seen.outgoing.headers, name),
    text: () => (seen.outgoing.body instanceof Uint8Array ? Buffer.from(seen.outgoing.body).toString() : ""),
    head: (status, headers = {}) => say(() => receiver.head({ status, headers: Object.entries(headers).flat() })),
    data: (data) => say(() => receiver.data(typeof data === "string" ? Buffer.from(data) : data)),
    end: () => say(() => receiver.end()),
    json(status, body) {
      call.head(status, { "content-type": "application/json" });
      call.data(JSON.stringify(body));
      call.end();
    },
    handedOver: () => say(() => receiver.handedOver()),
    failed: (code, message = "The upstream failed.") => say(() => receiver.failed(new StuntdoubleError(code, message))),
  };
  calls.add(call);
  return {
    pause: () => void (state.paused = true),
    resume: () => void (state.paused = false),
    abort: () => void (state.aborted = true),
  };
}

/**
 * The value of the first header of that name.
 *
 * @param headers names and values in turn
 * @param name in lower case
 */
export function headerOf(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name);
  return index === -1 ? undefined : headers[index + 1];
}

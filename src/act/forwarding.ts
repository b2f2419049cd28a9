import type { Forwarded, Outgoing, Receiver } from "./live.ts";
import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { StuntdoubleError } from "../core/errors.ts";
import { headerValue } from "../core/headers.ts";
import type { Addresses } from "./addresses.ts";
import { aboutToSend, type Made } from "./connect.ts";
import { createTimer } from "./timer-wheel.ts";
import type { Loop, PoolUse } from "./types.ts";

/** One address of an upstream, with its connections. */
export type Address = {
  readonly proxyUrl: string | undefined;
  /** Where a target is there: origin, and path with query. */
  locate(target: string): { readonly origin: string; readonly path: string };
  dispatch(outgoing: Outgoing, handler: Dispatcher.DispatchHandler): void;
  connections(): PoolUse;
  /** Keeps no connection any longer. Resolves when the calls under way are done; later ones are sent all the same. */
  close(): Promise<void>;
};

/** What a call is forwarded with; times in milliseconds. */
export type ForwardingOptions = {
  readonly options: {
    readonly name: string;
    readonly connectTimeoutMs: number;
    readonly headTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly maxHeadBytes: number;
  };
  readonly addresses: Addresses<Address>;
  readonly outgoing: Outgoing;
  readonly receiver: Receiver;
  readonly loop: Loop;
};

type State = "waiting" | "sent" | "responding" | "over";

const noneTried: readonly Address[] = [];

/** undici's handler of one call: safe to abandon before, during and after the time it holds a connection. */
export class Forwarding implements Dispatcher.DispatchHandler, Forwarded {
  #controller: Dispatcher.DispatchController | undefined;
  #state: State = "waiting";
  #gone = false;
  #startedAtMs = 0;
  #address: Address | undefined = undefined;
  #tried = noneTried;
  /** The body while the client is still sending it. */
  #upload: Readable | undefined = undefined;
  #outgoing: Outgoing | undefined;
  readonly #options: ForwardingOptions["options"];
  readonly #addresses: Addresses<Address>;
  readonly #receiver: Receiver;
  readonly #loop: Loop;
  readonly #deadline = createTimer(() => this.#timeOut());

  constructor({ options, addresses, outgoing, receiver, loop }: ForwardingOptions) {
    this.#options = options;
    this.#addresses = addresses;
    this.#outgoing = outgoing;
    this.#receiver = receiver;
    this.#loop = loop;
    if (outgoing.body instanceof Readable && !outgoing.body.readableEnded) this.#upload = outgoing.body;
  }

  /** Sends the request to the first address that can be reached. */
  start(): void {
    this.#startedAtMs = this.#loop.clock.now();
    this.#restartDeadline();
    this.#try();
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#state === "over") return;
    this.#over();
    this.#gone = true;
    this.#controller?.abort(new StuntdoubleError("CLIENT_GONE", "The client left."));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#gone) controller.abort(new StuntdoubleError("CLIENT_GONE", "The client left."));
    else if (this.#state === "waiting") this.#sent();
  }

  sentOn(made: Made | undefined): void {
    if (this.#state !== "sent") return;
    // One that was made before, and then not needed, was there already.
    const isNew = made !== undefined && made.toMs >= this.#startedAtMs;
    this.#receiver.connected?.(isNew ? made.toMs - Math.max(made.fromMs, this.#startedAtMs) : undefined);
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (this.#state === "over") return;
    const headers = textOf(controller.rawHeaders);
    if (status < 200) return this.#receiver.informed?.({ status, headers });
    const coding = headerValue(headers, "transfer-encoding")?.toLowerCase();
    if (coding !== undefined && coding !== "chunked" && coding !== "identity") return this.#refuseCoding(coding);
    this.#state = "responding";
    this.#loop.wheel.disarm(this.#deadline);
    this.#receiver.head({ status, headers });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === "responding") this.#receiver.data(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#state === "over") return;
    this.#over();
    const trailers = textOf(controller.rawTrailers);
    this.#receiver.end(trailers.length === 0 ? undefined : trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#state === "over") return;
    if (this.#state === "waiting" && this.#unreachable(error)) return;
    const failure = explained(error, this.#state, this.#options);
    this.#over();
    this.#receiver.failed(failure, endedEarly.has(codeOf(error)) ? "cut" : "reset");
  }

  /** @returns false where no address is left */
  #try(): boolean {
    const address = this.#addresses.choose(this.#tried);
    const outgoing = this.#outgoing;
    if (address === undefined || outgoing === undefined) return false;
    this.#address = address;
    address.dispatch(outgoing, this);
    return true;
  }

  /** A connection is there: from here on the request is asked of no other address. */
  #sent(): void {
    this.#state = "sent";
    this.#outgoing = undefined;
    if (this.#address !== undefined) this.#addresses.up(this.#address);
    aboutToSend(this);
    const upload = this.#upload;
    if (upload === undefined) return;
    upload.on("data", () => this.#restartDeadline());
    upload.once("end", () => {
      this.#upload = undefined;
      this.#restartDeadline();
    });
  }

  /** @returns whether another address is tried */
  #unreachable(error: Error): boolean {
    if (this.#address === undefined || isOurs(error)) return false;
    this.#addresses.down(this.#address);
    this.#tried = [...this.#tried, this.#address];
    return this.#try();
  }

  /** The time for the head begins when the request is complete; while it comes, it limits the silence of the client. */
  #restartDeadline(): void {
    if (this.#state !== "waiting" && this.#state !== "sent") return;
    this.#loop.wheel.arm(this.#deadline, this.#loop.clock.now() + this.#options.headTimeoutMs);
  }

  #timeOut(): void {
    const { name, headTimeoutMs } = this.#options;
    // An upload that is paused, or has something to read, waits for the upstream.
    const isClientSlow = this.#state === "sent" && this.#upload?.isPaused() === false && !this.#upload.readableLength;
    this.#giveUp(
      isClientSlow
        ? new StuntdoubleError("REQUEST_TIMEOUT", `Nothing of the request body came for ${headTimeoutMs} ms.`)
        : new StuntdoubleError("UPSTREAM_TIMEOUT", `Upstream ${name} did not respond within ${headTimeoutMs} ms.`),
    );
  }

  /** Its body would reach the client without the header that says how to read it. @see RFC 9112 §7 */
  #refuseCoding(coding: string): void {
    const message = `Upstream ${this.#options.name} sent Transfer-Encoding: ${coding}; only chunked is understood.`;
    this.#giveUp(new StuntdoubleError("UPSTREAM_INVALID", message));
  }

  #giveUp(failure: StuntdoubleError): void {
    this.#over();
    this.#gone = true;
    this.#controller?.abort(failure);
    this.#receiver.failed(failure);
  }

  #over(): void {
    this.#state = "over";
    this.#outgoing = undefined;
    this.#loop.wheel.disarm(this.#deadline);
  }
}

/** undici finds the request itself at fault. */
function isOurs(error: Error): boolean {
  return "code" in error && String(error.code).startsWith("UND_ERR_INVALID");
}

/** What undici says of a connection that was closed in the middle of a response. */
const endedEarly: ReadonlySet<string> = new Set([
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "HPE_INVALID_EOF_STATE",
]);

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}

function textOf(rawHeaders: unknown): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part: unknown) => (Buffer.isBuffer(part) ? part.toString("latin1") : String(part)));
}

function explained(cause: Error, state: State, options: ForwardingOptions["options"]): StuntdoubleError {
  // Of the body, which it was given as a stream.
  if (cause instanceof StuntdoubleError) return cause;
  const code = codeOf(cause);
  const { name } = options;
  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return new StuntdoubleError(
      "UPSTREAM_TIMEOUT",
      `Upstream ${name} accepted no connection within ${options.connectTimeoutMs} ms.`,
      { cause },
    );
  }
  if (code === "UND_ERR_BODY_TIMEOUT") {
    return new StuntdoubleError("UPSTREAM_TIMEOUT", `Upstream ${name} was silent for ${options.idleTimeoutMs} ms.`, {
      cause,
    });
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") {
    const message = `Upstream ${name} sent a response head of more than ${options.maxHeadBytes} bytes; its maxHeadBytes allows more.`;
    return new StuntdoubleError("UPSTREAM_HEAD_TOO_LARGE", message, { cause });
  }
  if (state === "waiting") {
    const reason = code === "" ? cause.name : code;
    return new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${name} could not be reached (${reason}).`, { cause });
  }
  const when = state === "sent" ? "before it responded" : "in the middle of its response";
  return new StuntdoubleError("UPSTREAM_RESET", `Upstream ${name} broke the connection ${when}.`, { cause });
}

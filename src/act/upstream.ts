import { Pool, type Dispatcher } from "undici";
import { StuntdoubleError } from "../core/errors.ts";
import { createTimer } from "./timer-wheel.ts";
import type { Forwarded, Loop, Receiver, Upstream } from "./types.ts";

/** How to reach one upstream; times in milliseconds. */
export type UpstreamOptions = {
  readonly name: string;
  /** Origin and, where the provider lives below a path, that path: `https://api.example.com/base`. */
  readonly url: string;
  readonly connectTimeoutMs: number;
  /** From the moment the call is handed over until the response head. */
  readonly headTimeoutMs: number;
  /** Longest silence in the middle of a response. */
  readonly idleTimeoutMs: number;
  readonly connections: number;
};

/**
 * Makes the connection pool of one upstream. It never retries, and never turns a broken response into a complete one.
 *
 * @throws never; failures go to the receiver
 */
export function createUpstream(options: UpstreamOptions, loop: Loop): Upstream {
  const url = new URL(options.url);
  const base = url.pathname.replace(/\/$/, "");
  const openPool = (): Pool =>
    new Pool(url.origin, {
      connections: options.connections,
      connect: { timeout: options.connectTimeoutMs },
      headersTimeout: 0,
      bodyTimeout: options.idleTimeoutMs,
      pipelining: 1,
    });
  const pool = openPool();
  let closed = false;
  return {
    name: options.name,
    url: options.url,
    send(outgoing, receiver) {
      const forwarding = new Forwarding(options, receiver, loop);
      const { method, headers, body } = outgoing;
      const path = base + outgoing.target;
      // A call that was decided before the close, and waited in the queue, gets a pool of its own.
      const through = closed ? openPool() : pool;
      through.dispatch({ path, method: method, headers, body: body }, forwarding);
      if (closed) void through.close();
      return forwarding;
    },
    close() {
      closed = true;
      return pool.close();
    },
  };
}

/** undici's handler of one call: safe to abandon before, during and after the time it holds a connection. */
class Forwarding implements Dispatcher.DispatchHandler, Forwarded {
  #controller: Dispatcher.DispatchController | undefined;
  #state: "waiting" | "sent" | "answering" | "over" = "waiting";
  #gone = false;
  readonly #options: UpstreamOptions;
  readonly #receiver: Receiver;
  readonly #loop: Loop;
  readonly #deadline = createTimer(() => this.#timeOut());

  constructor(options: UpstreamOptions, receiver: Receiver, loop: Loop) {
    this.#options = options;
    this.#receiver = receiver;
    this.#loop = loop;
    loop.wheel.arm(this.#deadline, loop.clock.now() + options.headTimeoutMs);
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
    else if (this.#state === "waiting") this.#state = "sent";
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200 || this.#state === "over") return;
    this.#state = "answering";
    this.#loop.wheel.disarm(this.#deadline);
    this.#receiver.head({ status, headers: textOf(controller.rawHeaders) });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === "answering") this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#state === "over") return;
    this.#over();
    this.#receiver.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#state === "over") return;
    const failure = explained(error, this.#state, this.#options);
    this.#over();
    this.#receiver.failed(failure);
  }

  #timeOut(): void {
    const { name, headTimeoutMs } = this.#options;
    const failure = new StuntdoubleError(
      "UPSTREAM_TIMEOUT",
      `Upstream ${name} did not respond within ${headTimeoutMs} ms.`,
    );
    this.#over();
    this.#gone = true;
    this.#controller?.abort(failure);
    this.#receiver.failed(failure);
  }

  #over(): void {
    this.#state = "over";
    this.#loop.wheel.disarm(this.#deadline);
  }
}

function textOf(rawHeaders: unknown): string[] {
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part: unknown) => (Buffer.isBuffer(part) ? part.toString("latin1") : String(part)));
}

function explained(cause: Error, state: "waiting" | "sent" | "answering", options: UpstreamOptions): StuntdoubleError {
  const code = "code" in cause ? String(cause.code) : "";
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
  if (state === "waiting") {
    const reason = code === "" ? cause.name : code;
    return new StuntdoubleError("UPSTREAM_CONNECT", `Upstream ${name} could not be reached (${reason}).`, { cause });
  }
  const when = state === "sent" ? "before it responded" : "in the middle of its response";
  return new StuntdoubleError("UPSTREAM_RESET", `Upstream ${name} broke the connection ${when}.`, { cause });
}

import type { Forwarded, Receiver } from "../../act/live.ts";
import { headerValue, keepHeaders } from "../../core/headers.ts";
import type { GrpcCall } from "./grpc/call.ts";
import { trailersFrame, unchangedFrame } from "./frames.ts";
import { bodyMode, type Step } from "./step.ts";
import type { Reading } from "./request.ts";
import type { RealResponse } from "./reply.ts";

/** How a response is shown: `mode` of its body by the numbers of `BodySendMode`. */
type Showing = { readonly reading: Reading; readonly mode: number; readonly to: Receiver };

/** The upstream's response to one call, as Envoy shows it to whom it concerns. */
export class UpstreamResponse implements Forwarded {
  readonly #call: GrpcCall;
  readonly #reply: { real: RealResponse | undefined };
  readonly #reading: Reading;
  /** How its body comes, by the numbers of `BodySendMode`. */
  readonly #mode: number;
  #receiver: Receiver | undefined;

  constructor(call: GrpcCall, reply: { real: RealResponse | undefined }, { reading, mode, to }: Showing) {
    this.#call = call;
    this.#reading = reading;
    this.#reply = reply;
    this.#mode = mode;
    this.#receiver = to;
  }

  /** More of it must come. */
  get awaited(): boolean {
    return this.#receiver !== undefined;
  }

  /** Takes the next step. */
  take(step: Step): void {
    if (step.kind === "headers") this.#head(step);
    else if (step.kind === "body") this.#body(step);
    else this.#trailers();
  }

  pause(): void {
    this.#reading.stop("client");
  }

  resume(): void {
    this.#reading.go("client");
  }

  abort(): void {
    this.#receiver = undefined;
  }

  #head({ headers, endOfStream }: Step): void {
    const receiver = this.#receiver;
    if (receiver === undefined) return;
    const status = Number(headerValue(headers, ":status"));
    const throughUs = this.#mode === bodyMode.fullDuplex && !endOfStream;
    this.#reply.real = { status, headers, throughUs, trailers: false };
    receiver.head({ status, headers: withoutPseudo(headers) });
    if (endOfStream) this.#end();
    else if (this.#mode === bodyMode.none) this.#handOver();
  }

  #body({ body, endOfStream }: Step): void {
    if (this.#mode !== bodyMode.fullDuplex) this.#call.send(unchangedFrame("response"));
    if (body.length > 0) this.#receiver?.data(body);
    if (endOfStream) this.#end();
  }

  #trailers(): void {
    if (this.#reply.real?.throughUs === true) this.#reply.real.trailers = true;
    else this.#call.send(trailersFrame("response"));
    this.#end();
  }

  #handOver(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.handedOver();
  }

  #end(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.end();
  }
}

function withoutPseudo(headers: readonly string[]): string[] {
  return keepHeaders(headers, (name) => !name.startsWith(":"));
}

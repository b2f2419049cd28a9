import type { Receiver, Show } from "../../act/live.ts";
import type { FindOperation } from "../../core/dialects/index.ts";
import type { Act, Reply, ReplyListener } from "../../act/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { addBody, noBody, type BodyOptions } from "../body.ts";
import { UpstreamResponse } from "./upstream-response.ts";
import { grpcStatus, type GrpcCall } from "./grpc/call.ts";
import type { RealResponse } from "./reply.ts";
import { describe, Reading } from "./request.ts";
import { RequestBody } from "./request-body.ts";
import { bodyMode, type Step } from "./step.ts";

/** What is done with the calls that Envoy shows. */
export type ObservedOptions = {
  readonly acting: Pick<Act, "watch">;
  readonly bodies: BodyOptions;
  readonly findOperation: FindOperation;
};

/** Where we say nothing: Envoy would not listen. */
const mute: GrpcCall = { send: () => true, end: () => undefined, pause: () => undefined, resume: () => undefined };

/**
 * One call that Envoy only shows us, by `observability_mode`. It goes on whatever we do, so all that comes of it is its Outcome.
 *
 * Envoy does not say which bodies it shows. A request is whole with the end of its body, or when the response begins.
 */
export class Observed implements Reply {
  listener: ReplyListener | undefined = undefined;
  real: RealResponse | undefined = undefined;
  readonly #call: GrpcCall;
  readonly #options: ObservedOptions;
  readonly #body: RequestBody;
  /** Until all of the request is there that will come. */
  #follow: ((show: Show) => void) | undefined = undefined;
  #response: UpstreamResponse | undefined = undefined;

  constructor(call: GrpcCall, options: ObservedOptions) {
    this.#call = call;
    this.#options = options;
    const sink = { send: () => undefined, hold: () => undefined };
    this.#body = new RequestBody(sink, bodyMode.streamed, options.bodies.memory);
  }

  /** Takes the next step. */
  take(step: Step): void {
    if (this.listener === undefined) {
      if (step.side === "request" && step.kind === "headers") this.#begin(step);
    } else if (step.side === "response") {
      // The provider may respond before it has the whole request.
      this.#watch();
      this.#response?.take(step);
    } else if (step.kind === "body") this.#body.add(step.body, step.endOfStream);
    else if (step.kind === "trailers") this.#body.trailers();
  }

  /** Envoy shows no more. */
  left(): void {
    this.#body.drop();
    this.listener?.left();
  }

  whole(): void {
    this.end();
  }

  head(): void {}

  write(): boolean {
    return true;
  }

  end(): void {
    this.#call.end(grpcStatus.ok);
  }

  cut(): void {
    this.end();
  }

  reset(): void {
    this.end();
  }

  #begin(step: Step): void {
    const request = describe(step, this.#options.findOperation);
    this.#follow = this.#options.acting.watch(request, this);
    if (step.endOfStream) request.body = noBody;
    if (step.endOfStream || request.operation === undefined) return this.#watch();
    const { bodies } = this.#options;
    this.#body.read({ maxBytes: bodies.maxBytes() }, (bytes) => {
      if (bytes === undefined || bytes instanceof StuntdoubleError) return this.#watch();
      addBody({ request, bytes }, bodies, () => this.#watch());
    });
  }

  #watch(): void {
    const follow = this.#follow;
    if (follow === undefined) return;
    this.#follow = undefined;
    this.#body.drop();
    follow((receiver) => this.#show(receiver));
  }

  #show(receiver: Receiver): UpstreamResponse {
    this.#response = new UpstreamResponse(mute, this, {
      reading: new Reading(mute),
      mode: bodyMode.streamed,
      to: receiver,
    });
    return this.#response;
  }
}

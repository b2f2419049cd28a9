import type { GrpcCall } from "./grpc/call.ts";

/** Why no more is read from Envoy: a call is not decided, Envoy reads slowly, or the client does. */
type Reason = "decision" | "envoy" | "client";

/** Reading from Envoy on one call, which several may have reason to stop. */
export class Reading {
  readonly #call: GrpcCall;
  readonly #reasons = new Set<Reason>();

  constructor(call: GrpcCall) {
    this.#call = call;
  }

  /** Reads no more until each reason is gone. */
  stop(reason: Reason): void {
    this.#reasons.add(reason);
    this.#call.pause();
  }

  /** That reason is gone. */
  go(reason: Reason): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#call.resume();
  }
}

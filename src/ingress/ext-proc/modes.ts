import type { Passage } from "../../act/live.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { bodyMode, type Modes } from "./step.ts";

/**
 * How Envoy sends the bodies of one call, and what can be made of it.
 *
 * Where the filter has a full duplex, its modes hold. Where it has none, we may change those of the response together with the
 * leave for the request's headers, and Envoy 1.40 takes full duplex for the request before that.
 *
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/service/ext_proc/v3/external_processor.proto
 */
export class CallModes {
  /** How the request's body comes, by the numbers of `BodySendMode`. */
  readonly request: number;
  /** How the response's body comes; settled when the call goes on. */
  response: number;
  /** Envoy must be told of `request` before all else. */
  readonly upgraded: boolean;
  /** Envoy can take a response of ours piece by piece. */
  readonly streams: boolean;
  readonly #fixed: boolean;
  #settled = false;

  /**
   * @param filter the filter's own modes, as Envoy told them with the first step
   * @param wantsBody the request has a body, and it matters
   */
  constructor({ requestBody, responseBody }: Modes, wantsBody: boolean) {
    this.#fixed = requestBody === bodyMode.fullDuplex || responseBody === bodyMode.fullDuplex;
    this.upgraded = !this.#fixed && wantsBody && requestBody === bodyMode.streamed;
    this.streams = this.upgraded || requestBody === bodyMode.none || requestBody === bodyMode.fullDuplex;
    this.request = this.upgraded ? bodyMode.fullDuplex : this.#fixed || wantsBody ? requestBody : bodyMode.none;
    this.response = responseBody;
  }

  /** The whole body of a request comes before the call goes on. */
  get givesBody(): boolean {
    return this.request === bodyMode.buffered || this.request === bodyMode.fullDuplex;
  }

  /**
   * Settles how the response's body shall come; once, as Envoy takes other modes only with the headers.
   *
   * @returns the modes that Envoy must be told; undefined when the filter's own hold
   * @throws INTERNAL when a response shall be bent that cannot come through us
   */
  settle(need: Passage["need"]): Modes | undefined {
    if (need === "bend") this.#requireBending();
    if (this.#fixed || this.#settled) return undefined;
    this.#settled = true;
    this.response = wanted[need];
    return { requestBody: this.request, responseBody: this.response };
  }

  /** The headers of a buffered request have gone on before it is decided, and with them the chance to change the modes. */
  #requireBending(): void {
    const can = this.#fixed ? this.response === bodyMode.fullDuplex : this.request !== bodyMode.buffered;
    if (can) return;
    throw new StuntdoubleError(
      "INTERNAL",
      "The faults of this call must change its response, which Envoy's ext_proc filter does not pass through us. " +
        "Set its request_body_mode to STREAMED, or its response_body_mode to FULL_DUPLEX_STREAMED.",
    );
  }
}

/** A streamed response need not be sent back to Envoy, only acknowledged. */
const wanted = { head: bodyMode.none, read: bodyMode.streamed, bend: bodyMode.fullDuplex } as const;

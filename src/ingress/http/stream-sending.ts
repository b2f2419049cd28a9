import type { Http2Reset } from "../../core/faults/engine/types.ts";
import { constants, type Http2ServerResponse, type Http2Session } from "node:http2";
import type { Progressing } from "./progress.ts";

/** What is sent on a stream of HTTP/2. */
export class StreamSending implements Progressing {
  gaveUp = false;
  readonly #response: Http2ServerResponse;
  #written = 0;

  constructor(response: Http2ServerResponse) {
    this.#response = response;
  }

  /** After its response it waits for no more of the request. @see RFC 9113 §8.1 */
  closeWhenSent(): void {
    const { stream } = this.#response;
    if (stream.writableFinished) stream.close(constants.NGHTTP2_NO_ERROR);
    else stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** A reset takes along what waits before it; an empty write is done when all of that has left. */
  resetWhenSent(code: number, goaway = false): void {
    const { stream } = this.#response;
    const reset = (): void => {
      if (goaway) endSession(stream.session, code);
      stream.close(code);
    };
    if (stream.writableLength === 0) reset();
    else stream.write("", () => setImmediate(reset));
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  waits(): boolean {
    return this.#response.stream.writableLength > 0;
  }

  bytes(): number {
    return this.#written - this.#response.stream.writableLength;
  }

  giveUp(): void {
    this.gaveUp = true;
    this.#response.stream.close(constants.NGHTTP2_CANCEL);
  }
}

/** Says that nothing more is taken on a connection; its other streams go on to their end. */
function endSession(session: Http2Session | undefined, code: number): void {
  session?.goaway(code);
  session?.close();
}

const codes: Readonly<Record<string, number>> = {
  NO_ERROR: constants.NGHTTP2_NO_ERROR,
  PROTOCOL_ERROR: constants.NGHTTP2_PROTOCOL_ERROR,
  INTERNAL_ERROR: constants.NGHTTP2_INTERNAL_ERROR,
  FLOW_CONTROL_ERROR: constants.NGHTTP2_FLOW_CONTROL_ERROR,
  REFUSED_STREAM: constants.NGHTTP2_REFUSED_STREAM,
  CANCEL: constants.NGHTTP2_CANCEL,
  ENHANCE_YOUR_CALM: constants.NGHTTP2_ENHANCE_YOUR_CALM,
  HTTP_1_1_REQUIRED: constants.NGHTTP2_HTTP_1_1_REQUIRED,
};

/** The error code of a reset. */
export function http2CodeOf(reset: Http2Reset | undefined): number {
  return codes[reset?.code ?? ""] ?? constants.NGHTTP2_CANCEL;
}

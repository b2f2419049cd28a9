import { constants, type Http2ServerResponse } from "node:http2";
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
  resetWhenSent(code: number): void {
    const { stream } = this.#response;
    const reset = (): void => stream.close(code);
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

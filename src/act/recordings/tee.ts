import type { Receiver } from "../live.ts";
import type { StuntdoubleError } from "../../core/errors.ts";
import type { Head, HeaderList } from "../../core/types.ts";
import type { OpenRecording } from "./types.ts";

/** A response on its way to its relay that is recorded as it passes: nothing of it is held back, and nothing waits. */
export class Tee implements Receiver {
  readonly #to: Receiver;
  readonly #now: () => number;
  readonly #startMs: number;
  #recording: OpenRecording | undefined = undefined;
  #hasHead = false;

  /** @param now of the call, in milliseconds; what it says at first is when the upstream is asked */
  constructor(to: Receiver, now: () => number) {
    this.#to = to;
    this.#now = now;
    this.#startMs = now();
  }

  /** From now on the response is written to `recording`. */
  into(recording: OpenRecording | undefined): void {
    this.#recording = recording;
  }

  connected(tookMs: number | undefined): void {
    this.#to.connected?.(tookMs);
  }

  informed(head: Head): void {
    this.#to.informed?.(head);
  }

  head(head: Head): void {
    this.#hasHead = true;
    this.#recording?.head(this.#atMs(), head);
    this.#to.head(head);
  }

  data(bytes: Uint8Array): void {
    this.#recording?.data(this.#atMs(), bytes);
    this.#to.data(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#ended("finish");
    this.#to.end(trailers);
  }

  handedOver(): void {
    this.#abandon();
    this.#to.handedOver();
  }

  failed(error: StuntdoubleError, how: "cut" | "reset" = "reset"): void {
    if (this.#hasHead) this.#ended(how);
    else this.#abandon();
    this.#to.failed(error, how);
  }

  /**
   * The call is over; what has not ended by then is not kept.
   *
   * @param isWhole the client had the final marker of the response, and left before its end
   */
  over(isWhole: boolean): void {
    if (isWhole && this.#hasHead) this.#ended("finish");
    else this.#abandon();
  }

  #atMs(): number {
    return this.#now() - this.#startMs;
  }

  #ended(how: "finish" | "cut" | "reset"): void {
    this.#recording?.end(this.#atMs(), how);
    this.#recording = undefined;
  }

  #abandon(): void {
    this.#recording?.abandon();
    this.#recording = undefined;
  }
}

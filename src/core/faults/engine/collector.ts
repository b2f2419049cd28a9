import { StuntdoubleError } from "../../errors.ts";
import { bytesOf, framesBy } from "../../frames.ts";
import type { Ending, Frame, Head, Plan, Sink } from "../../types.ts";

/** A plan is bent as a whole when its call begins, and the pieces of one frame wait together. */
const maxPieces = 500_000;
const pieceBytes = 230;

/** So many frames are kept rather than bent again. */
const maxKept = 16;

/** Takes what faults pass on, but for frames beyond a few. */
export class Collector implements Sink {
  readonly #frames: Frame[] = [];
  #count = 0;
  /** How many pieces more there may be; as many as the plan has frames are no division. */
  #left = maxPieces - 1;
  #inStep = 0;
  #maxInStep = 0;
  #head: Head | undefined;
  #headAtMs: number | undefined;
  #end: { readonly ending: Ending; readonly endAtMs: number } | undefined;

  /** What follows comes of the next piece of the plan. */
  nextStep(): void {
    this.#inStep = 0;
    this.#left += 1;
  }

  head(atMs: number, head: Head): void {
    this.#head = head;
    this.#headAtMs = atMs;
  }

  data(frame: Frame): void {
    if (this.#left === 0) {
      const message = `The faults of this call would divide its response into more than ${this.#count} pieces; a larger sliceBytes makes fewer.`;
      throw new StuntdoubleError("RESPONSE_TOO_LARGE", message);
    }
    this.#left -= 1;
    this.#count += 1;
    this.#inStep += 1;
    this.#maxInStep = Math.max(this.#maxInStep, this.#inStep);
    if (this.#count <= maxKept) this.#frames.push(frame);
  }

  end(endAtMs: number, ending: Ending): void {
    this.#end = { ending, endAtMs };
  }

  /** @param again begins anew with the frames */
  plan(source: Plan, again: () => Iterator<Frame>): Plan {
    const end = this.#end;
    if (end === undefined) throw new StuntdoubleError("INTERNAL", "A fault never ended the response.");
    const head = { head: this.#head, headAtMs: this.#headAtMs ?? end.endAtMs };
    if (this.#count <= maxKept) return { ...head, frames: this.#frames, ...end };
    return { ...head, frames: framesBy(again), ...end, bytes: bytesOf(source) + this.#maxInStep * pieceBytes };
  }
}

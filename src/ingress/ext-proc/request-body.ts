import { StuntdoubleError } from "../../core/errors.ts";
import type { BodyOptions, Wanted } from "../body.ts";
import { bodyFrame, trailersFrame, unchangedFrame } from "./frames.ts";
import { bodyMode } from "./step.ts";

/** What a body that waits for its decision needs of its call. */
export type BodySink = {
  send(frame: Buffer): void;
  /** No more of the body is wanted until `pass`. */
  hold(): void;
};

/** A body that nobody reads waits in Envoy when this much of it is here. */
const heldBytes = 256 * 1024;

/** The body of one request: read where it is needed, and given back to Envoy when the call goes on. */
export class RequestBody {
  readonly #road: BodySink;
  readonly #mode: number;
  #pieces: Buffer[] = [];
  #length = 0;
  #ended: "end" | "trailers" | undefined = undefined;
  #state: "waiting" | "reading" | "passing" | "dropped" = "waiting";
  #maxBytes = Infinity;
  #enough: ((bytes: Buffer) => boolean) | undefined = undefined;
  #done: (result: Buffer | undefined | StuntdoubleError) => void = () => undefined;
  readonly #memory: BodyOptions["memory"];
  #held = 0;
  /** Length of what was last asked whether it is enough. */
  #lookedAt = 0;

  /** @param mode how Envoy sends it, by the numbers of `BodySendMode` */
  constructor(road: BodySink, mode: number, memory: BodyOptions["memory"]) {
    this.#road = road;
    this.#mode = mode;
    this.#memory = memory;
  }

  /** The request had no body. */
  none(): void {
    this.#ended = "end";
  }

  /**
   * Reads on.
   *
   * @param done called once: with all bytes at the end of the body; with undefined where there is more than was asked for, which
   *   may be read on, or passed on; or with MEMORY_FULL or BODY_TOO_LARGE. Never when the client leaves before
   */
  read({ maxBytes, enough }: Wanted, done: (result: Buffer | undefined | StuntdoubleError) => void): void {
    this.#state = "reading";
    this.#maxBytes = maxBytes;
    this.#enough = enough;
    this.#done = done;
    this.#look();
  }

  /** Takes the next piece. Envoy may announce the end twice; only the first counts. */
  add(piece: Buffer, endOfStream: boolean): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    if (endOfStream) this.#ended = "end";
    if (this.#state === "passing") return this.#forward(piece, endOfStream);
    this.#length += piece.length;
    this.#pieces.push(piece);
    if (this.#state !== "reading") {
      if (this.#length > heldBytes) this.#road.hold();
    } else if (this.#fits()) this.#look();
  }

  /** The body has ended, and trailers wait behind it. */
  trailers(): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    this.#ended = "trailers";
    if (this.#state === "passing") this.#road.send(trailersFrame("request"));
    else this.#look();
  }

  /** Gives all that is here back to Envoy, and from now on all that comes. */
  pass(): void {
    if (this.#state === "passing") return;
    this.#state = "passing";
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#release();
    if (this.#mode === bodyMode.fullDuplex) {
      for (const [index, piece] of pieces.entries()) {
        this.#forward(piece, this.#ended === "end" && index === pieces.length - 1);
      }
    }
    if (this.#ended === "trailers") this.#road.send(trailersFrame("request"));
  }

  /**
   * Nothing of it is wanted any more.
   *
   * @returns false for one that goes on to the upstream, which wants all of it
   */
  drop(): boolean {
    if (this.#state === "passing") return false;
    this.#state = "dropped";
    this.#pieces = [];
    this.#release();
    return true;
  }

  #forward(piece: Buffer, endOfStream: boolean): void {
    const isDuplex = this.#mode === bodyMode.fullDuplex;
    this.#road.send(isDuplex ? bodyFrame("request", piece, endOfStream) : unchangedFrame("request"));
  }

  /** Tells of what was waited for, once it is there. */
  #look(): void {
    if (this.#state !== "reading") return;
    const isMore = this.#length > this.#maxBytes;
    if (!isMore && this.#ended === undefined && !this.#isEnough()) return;
    this.#state = "waiting";
    this.#done(isMore || this.#ended === undefined ? undefined : this.#joined());
  }

  /** A body that comes in many pieces is looked at each time it has doubled. */
  #isEnough(): boolean {
    if (this.#enough === undefined || this.#length < 2 * this.#lookedAt) return false;
    this.#lookedAt = this.#length;
    return this.#enough(this.#joined());
  }

  #joined(): Buffer {
    const [first, ...others] = this.#pieces;
    if (first !== undefined && others.length === 0) return first;
    return Buffer.concat(this.#pieces, this.#length);
  }

  /** Whether the memory of the node has room for what has come. */
  #fits(): boolean {
    try {
      this.#memory.checkBody(this.#length - this.#held);
    } catch (error) {
      if (!(error instanceof StuntdoubleError)) throw error;
      this.drop();
      this.#done(error);
      return false;
    }
    this.#memory.add(this.#length - this.#held);
    this.#held = this.#length;
    return true;
  }

  #release(): void {
    this.#memory.add(-this.#held);
    this.#held = 0;
  }
}

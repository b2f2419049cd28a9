import { StuntdoubleError } from "../../core/errors.ts";
import type { Body } from "../../core/dialects/types.ts";
import { bodyOf, tooLarge } from "../http/request.ts";
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
  #done: (body: Body | StuntdoubleError) => void = () => undefined;

  /** @param mode how Envoy sends it, by the numbers of `BodySendMode` */
  constructor(road: BodySink, mode: number) {
    this.#road = road;
    this.#mode = mode;
  }

  /** The request had no body. */
  none(): void {
    this.#ended = "end";
  }

  /**
   * Reads the whole body.
   *
   * @param done called once, with the body or with BODY_TOO_LARGE; never when the client leaves before the end
   */
  read(maxBytes: number, done: (body: Body | StuntdoubleError) => void): void {
    this.#state = "reading";
    this.#maxBytes = maxBytes;
    this.#done = done;
  }

  /** Takes the next piece. Envoy may announce the end twice; only the first counts. */
  add(piece: Buffer, endOfStream: boolean): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    if (endOfStream) this.#ended = "end";
    if (this.#state === "passing") return this.#forward(piece, endOfStream);
    this.#length += piece.length;
    this.#pieces.push(piece);
    if (this.#state === "waiting" && this.#length > heldBytes) this.#road.hold();
    if (this.#length > this.#maxBytes) this.#refuse();
    else if (endOfStream) this.#complete();
  }

  /** The body has ended, and trailers wait behind it. */
  trailers(): void {
    if (this.#ended !== undefined || this.#state === "dropped") return;
    this.#ended = "trailers";
    if (this.#state === "passing") this.#road.send(trailersFrame("request"));
    else this.#complete();
  }

  /** Gives all that is here back to Envoy, and from now on all that comes. */
  pass(): void {
    if (this.#state === "passing") return;
    this.#state = "passing";
    const pieces = this.#pieces;
    this.#pieces = [];
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
    return true;
  }

  #forward(piece: Buffer, endOfStream: boolean): void {
    const isDuplex = this.#mode === bodyMode.fullDuplex;
    this.#road.send(isDuplex ? bodyFrame("request", piece, endOfStream) : unchangedFrame("request"));
  }

  #complete(): void {
    if (this.#state !== "reading") return;
    this.#state = "waiting";
    this.#done(bodyOf(this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.#length)));
  }

  #refuse(): void {
    const maxBytes = this.#maxBytes;
    this.drop();
    this.#done(tooLarge(maxBytes));
  }
}

import type { Readable } from "node:stream";
import { StuntdoubleError } from "../../core/errors.ts";
import type { BodyOptions, Wanted } from "../body.ts";
import type { Progressing, ProgressWatch } from "./progress.ts";
import type { NodeRequest } from "./request.ts";
import { Upload, type UploadOptions } from "./upload.ts";

/** The body of one request as it arrives: read as far as it is needed, and passed on from there. */
export class ArrivingBody implements Progressing {
  readonly #request: NodeRequest;
  readonly #timeout: ProgressWatch;
  readonly #memory: BodyOptions["memory"];
  readonly #pieces = createPieces((bytes) => this.#hold(bytes));
  #held = 0;
  #wanted: Wanted | undefined = undefined;
  #done: (result: Buffer | undefined | StuntdoubleError) => void = () => undefined;

  /** @param timeout gives up a body of which nothing more comes */
  constructor(request: NodeRequest, timeout: ProgressWatch, memory: BodyOptions["memory"]) {
    this.#request = request;
    this.#timeout = timeout;
    this.#memory = memory;
  }

  /**
   * Reads on.
   *
   * @param done called once: with all bytes at the end of the body; with undefined where there is more than was asked for, which
   *   may be read on, or passed on; or with REQUEST_TIMEOUT, MEMORY_FULL or BODY_TOO_LARGE. Never when the client leaves before
   */
  read(wanted: Wanted, done: (result: Buffer | undefined | StuntdoubleError) => void): void {
    this.#wanted = wanted;
    this.#done = done;
    this.#timeout.watch(this);
    this.#request.on("data", this.#take);
    this.#request.on("end", this.#end);
    this.#request.on("close", this.#close);
    this.#request.resume();
  }

  /** The whole body as it is to be passed on. */
  passOn(options: UploadOptions): Readable {
    const bytes = this.#pieces.whole();
    if (bytes.length > 0) {
      this.#request.unshift(bytes);
      this.#request.once("close", () => this.release());
    }
    return new Upload(this.#request, options);
  }

  /** Its memory is counted by somebody else, or given up. */
  release(): void {
    this.#memory.add(-this.#held);
    this.#held = 0;
  }

  waits(): boolean {
    return true;
  }

  bytes(): number {
    return this.#pieces.length();
  }

  giveUp(): void {
    this.#refuse(new StuntdoubleError("REQUEST_TIMEOUT", "The request body took too long to arrive."));
  }

  readonly #take = (piece: Buffer): void => {
    const maxBytes = this.#wanted?.maxBytes ?? 0;
    try {
      this.#pieces.add(piece, maxBytes);
    } catch (error) {
      if (!(error instanceof StuntdoubleError)) throw error;
      return this.#refuse(error);
    }
    if (this.#pieces.length() > maxBytes || this.#wanted?.enough?.(this.#pieces.peek()) === true) this.#stop(undefined);
  };

  readonly #end = (): void => {
    this.#forget();
    this.#done(this.#pieces.whole());
  };

  readonly #close = (): void => {
    this.#forget();
    this.#pieces.whole();
    this.release();
  };

  #hold(bytes: number): void {
    this.#memory.checkBody(bytes);
    this.#memory.add(bytes);
    this.#held += bytes;
  }

  #refuse(error: StuntdoubleError): void {
    this.#pieces.whole();
    this.release();
    this.#stop(error);
  }

  #stop(result: StuntdoubleError | undefined): void {
    this.#forget();
    this.#request.pause();
    this.#done(result);
  }

  #forget(): void {
    this.#timeout.forget(this);
    this.#request.off("data", this.#take);
    this.#request.off("end", this.#end);
    this.#request.off("close", this.#close);
  }
}

/** A body as it arrives. */
type Pieces = {
  /** Bytes so far. */
  length(): number;
  /**
   * Adds a piece.
   *
   * @param maxBytes so many are expected at most, and no more room is made in advance
   * @throws what `grow` throws; then the piece is not kept
   */
  add(piece: Buffer, maxBytes: number): void;
  /** The bytes so far, which stay. */
  peek(): Buffer;
  /** Gives the body out, and keeps nothing of it. */
  whole(): Buffer;
};

/** Room made for the second piece of a body and those behind it. */
const firstRoomBytes = 16 * 1024;

/**
 * Puts pieces together in one memory that doubles as it fills: a client may send a body byte by byte, and an object for
 * each would take four hundred times its size. The usual body is one piece, and is not copied.
 *
 * @param grow told of so many more bytes before they are taken; may throw
 */
function createPieces(grow: (bytes: number) => void): Pieces {
  let first: Buffer | undefined;
  let room: ArrayBuffer | undefined;
  let length = 0;
  const copy = (piece: Buffer, maxBytes: number): void => {
    const had = room?.byteLength ?? 0;
    const needed = length + piece.length;
    if (room === undefined || had < needed) {
      const wanted = Math.max(needed, Math.min(maxBytes, Math.max(firstRoomBytes, 2 * had)));
      grow(wanted - had);
      room = (room ?? new ArrayBuffer(0)).transfer(wanted);
    }
    new Uint8Array(room).set(piece, length);
    length = needed;
  };
  return {
    length: () => first?.length ?? length,
    add(piece, maxBytes) {
      if (first === undefined && room === undefined) {
        first = piece;
        return;
      }
      const before = first;
      first = undefined;
      if (before !== undefined) copy(before, maxBytes);
      copy(piece, maxBytes);
    },
    peek: () => first ?? Buffer.from(room ?? new ArrayBuffer(0), 0, length),
    whole() {
      const bytes = first ?? Buffer.from(room ?? new ArrayBuffer(0), 0, length);
      first = undefined;
      room = undefined;
      length = 0;
      return bytes;
    },
  };
}

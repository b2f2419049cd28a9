import { Readable } from "node:stream";
import { tooLarge } from "../content-coding.ts";

/** What a body that is passed on is made with. */
export type UploadOptions = {
  readonly maxBytes: number;
  /** Called before the first byte is read. */
  begun(): void;
};

/**
 * The body of a request on its way to an upstream. Whoever takes it may give it up: the request, and the connection by which
 * it came, stay as they are.
 */
export class Upload extends Readable {
  readonly #source: Readable;
  readonly #options: UploadOptions;
  #begun = false;
  #length = 0;

  constructor(source: Readable, options: UploadOptions) {
    super();
    this.#source = source;
    this.#options = options;
  }

  override _read(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#options.begun();
      this.#source.on("data", this.#take);
      this.#source.once("end", this.#ended);
    }
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.off("data", this.#take);
    this.#source.off("end", this.#ended);
    done(error);
  }

  readonly #take = (piece: Buffer): void => {
    this.#length += piece.length;
    if (this.#length > this.#options.maxBytes) this.destroy(tooLarge(this.#options.maxBytes));
    else if (!this.push(piece)) this.#source.pause();
  };

  readonly #ended = (): void => void this.push(null);
}

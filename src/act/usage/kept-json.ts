/** A JSON response larger than this is not searched for its usage. */
const maxBytes = 1024 * 1024;

/** A JSON response that is kept as it passes, to be searched for its usage at its end. One that is too large is let go. */
export class KeptJson {
  #pieces: Uint8Array[] | undefined = [];
  #bytes = 0;

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    if (this.#bytes > maxBytes) this.#pieces = undefined;
    else this.#pieces?.push(bytes);
  }

  /** All of it; undefined where it was too large. */
  whole(): Buffer | undefined {
    return this.#pieces === undefined ? undefined : Buffer.concat(this.#pieces);
  }

  /** What has come, in bytes; undefined where it was too large. */
  size(): number | undefined {
    return this.#pieces === undefined ? undefined : this.#bytes;
  }
}

/** A JSON response as text; undefined where none was kept. */
export function jsonTextOf(json: KeptJson | undefined): string | undefined {
  return json?.whole()?.toString();
}

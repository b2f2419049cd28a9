import type { Outgoing } from "./live.ts";
import { headerIndex } from "../core/headers.ts";
import { requestTarget, type Forwarding } from "./headers.ts";
import type { Request } from "./types.ts";

/** A smaller body may stay until its response has ended. */
const largeBytes = 16 * 1024;

/** A body whose text was asked for is there as bytes, as text and as values. */
const parsedTimes = 4;

/** The memory that the body of a request takes, in bytes, about; 0 where it is small. */
export function heldBytesOf({ body, encoded }: Request): number {
  const read = body === undefined ? 0 : body.bytes.length * (body.isParsed?.() === true ? parsedTimes : 1);
  const bytes = read + (encoded?.length ?? 0);
  return bytes < largeBytes ? 0 : bytes;
}

/** A request on its way out. @param headers for the upstream; the length of the body may be added */
export function outgoingOf(request: Request, headers: string[], forwarding: Forwarding): Outgoing {
  const { method, target, dialect, body, encoded, bodyStream } = request;
  const bytes = encoded ?? body?.bytes;
  return {
    method,
    target: requestTarget(target, dialect.keyParameter, forwarding),
    headers,
    body: bytes !== undefined && bytes.length > 0 ? givenUpWhenSent(bytes, headers) : (bodyStream ?? null),
  };
}

/**
 * The body of a request as undici takes it, so that it is given up once it is sent: undici keeps what it was given until
 * the response has ended, which a stream may take minutes for.
 *
 * @param headers of the request; the length is added where it is missing
 * @returns the bytes themselves where they are few
 */
function givenUpWhenSent(bytes: Uint8Array, headers: string[]): Uint8Array | AsyncIterable<Uint8Array> {
  if (bytes.length < largeBytes) return bytes;
  if (headerIndex(headers, "content-length") === -1) headers.push("content-length", String(bytes.length));
  return new LargeBody(bytes);
}

class LargeBody implements AsyncIterable<Uint8Array> {
  #bytes: Uint8Array | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: async () => {
        const value = this.#bytes;
        this.#bytes = undefined;
        return value === undefined ? { done: true, value } : { done: false, value };
      },
    };
  }
}

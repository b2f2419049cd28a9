import { pipeline, Readable, Writable, type Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { contentCodings, type ContentCoding } from "../core/content-codings.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { zstdFrameEnds } from "../core/zstd-frames.ts";

/** Nobody applies as many; each takes memory of its own. */
const maxCodings = 3;

/** So much is kept while it is not known how long a body is. */
const keptBytes = 4 * 1024 * 1024;

/** Of one piece that is decoded. */
const pieceBytes = 64 * 1024;

/** A larger window is not for HTTP, and would take the memory of a large body. @see RFC 9659 */
const zstdWindowLog = 23;

/**
 * The codings of a body in the order in which they were applied.
 *
 * @param header its `Content-Encoding`
 * @throws BODY_INVALID with status 415 for one that is not understood, with 400 for too many
 * @see RFC 9110 §8.4
 */
export function codingsOf(header: string | undefined): readonly ContentCoding[] {
  if (header === undefined) return none;
  const names = header.split(",").map((each) => each.trim().toLowerCase());
  const codings = names.filter((name) => name !== "" && name !== "identity").map(codingNamed);
  if (codings.length <= maxCodings) return codings;
  throw new StuntdoubleError("BODY_INVALID", `The request body has more than ${maxCodings} content codings.`);
}

const none: readonly ContentCoding[] = [];

function codingNamed(name: string): ContentCoding {
  const wanted = name === "x-gzip" ? "gzip" : name;
  const coding = contentCodings.find((each) => each === wanted);
  if (coding !== undefined) return coding;
  const known = contentCodings.join(", ");
  const message = `The content coding ${JSON.stringify(name)} of the request body is not understood here; it may be ${known}.`;
  throw new StuntdoubleError("BODY_INVALID", message, { status: 415 });
}

/** What a decoded body may take. */
export type DecodedLimits = {
  readonly maxBytes: number;
  /** Asked before so many bytes are kept at once. @throws MEMORY_FULL, BODY_TOO_LARGE */
  fits(bytes: number): void;
};

/**
 * Decodes a whole body.
 *
 * A long one is decoded twice: first only its length is counted, so one that is too long never takes more memory than a short
 * one.
 *
 * @param codings in the order in which they were applied; at least one
 * @param done called once, with the bytes; with BODY_TOO_LARGE, BODY_INVALID for data of another coding, or what `fits` throws
 */
export function decode(
  bytes: Uint8Array,
  { codings, limits }: { readonly codings: readonly ContentCoding[]; readonly limits: DecodedLimits },
  done: (decoded: Buffer | StuntdoubleError) => void,
): void {
  let kept: Buffer[] = [];
  let length = 0;
  const keep = (piece: Buffer): void => {
    length += piece.length;
    if (length > limits.maxBytes) throw tooLarge(limits.maxBytes);
    if (length <= keptBytes) return void kept.push(piece);
    for (const each of kept) free(each);
    kept = [];
    free(piece);
  };
  run(bytes, { codings, take: keep }, (failed) => {
    if (failed !== undefined) return done(failed);
    if (length <= keptBytes) return done(kept.length === 1 ? kept[0]! : Buffer.concat(kept, length));
    try {
      limits.fits(length);
    } catch (error) {
      if (error instanceof StuntdoubleError) return done(error);
      throw error;
    }
    fill(Buffer.allocUnsafeSlow(length), { bytes, codings }, done);
  });
}

type Encoded = { readonly bytes: Uint8Array; readonly codings: readonly ContentCoding[] };

function fill(whole: Buffer, { bytes, codings }: Encoded, done: (decoded: Buffer | StuntdoubleError) => void): void {
  let at = 0;
  const take = (piece: Buffer): void => {
    piece.copy(whole, at);
    at += piece.length;
    free(piece);
  };
  run(bytes, { codings, take }, (failed) => done(failed ?? whole));
}

/** Frees what a decoder gave, now and not at some later collection; one that is not full is still its own to fill. */
function free({ buffer, byteLength }: Buffer): void {
  if (byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

type Taking = {
  readonly codings: readonly ContentCoding[];
  /** Takes the next piece, and may throw to get no more. */
  take(piece: Buffer): void;
};

function run(bytes: Uint8Array, { codings, take }: Taking, done: (failed: StuntdoubleError | undefined) => void): void {
  const isFramed = codings.at(-1) === "zstd";
  const ends = isFramed ? zstdFrameEnds(bytes) : undefined;
  if (isFramed && ends === undefined) return done(explained(new Error("it is not made of whole frames"), codings));
  const source = Readable.from(ends === undefined ? [bytes] : unframed(bytes, ends));
  const left = (isFramed ? codings.slice(0, -1) : codings).toReversed();
  const first = isFramed ? undefined : bytes;
  const decoders = left.map((coding, index) => decoderOf(coding, index === 0 ? first : undefined));
  const sink = new Writable({
    write(piece: Buffer, _encoding, next) {
      try {
        take(piece);
        next();
      } catch (error) {
        next(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  pipeline([source, ...decoders, sink], (error) => {
    done(error === null || error === undefined ? undefined : explained(error, codings));
  });
}

/** Node's decoder is done with the first of several frames. @param ends where they end */
async function* unframed(bytes: Uint8Array, ends: readonly number[]): AsyncGenerator<Buffer, void> {
  let at = 0;
  for (const end of ends) {
    const decoder = decoderOf("zstd", undefined);
    decoder.end(bytes.subarray(at, end));
    yield* decoder as AsyncIterable<Buffer>;
    at = end;
  }
}

function explained(error: Error, codings: readonly ContentCoding[]): StuntdoubleError {
  if (error instanceof StuntdoubleError) return error;
  const message = `The request body is not what its content coding ${codings.join(", ")} says: ${error.message}.`;
  return new StuntdoubleError("BODY_INVALID", message);
}

/** @param first the bytes that it will get, where they are known: what is called deflate comes with a header of zlib, or without */
function decoderOf(coding: ContentCoding, first: Uint8Array | undefined): Transform {
  const options = { chunkSize: pieceBytes };
  switch (coding) {
    case "gzip":
      return createGunzip(options);
    case "deflate":
      return ((first?.[0] ?? zlibMethod) & 15) === zlibMethod ? createInflate(options) : createInflateRaw(options);
    case "br":
      return createBrotliDecompress(options);
    case "zstd":
      return createZstdDecompress({ ...options, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog } });
  }
}

/** In the low bits of the first byte. @see RFC 1950 §2.2 */
const zlibMethod = 8;

/** The refusal of a body that is longer. */
export function tooLarge(maxBytes: number): StuntdoubleError {
  return new StuntdoubleError("BODY_TOO_LARGE", `The request body is larger than ${maxBytes} bytes.`);
}

import { hash32 } from "../core/rng.ts";
import type { KeptResponses } from "../core/dialects/types.ts";
import { acquire, release } from "./shared-lock.ts";

/**
 * How the shared memory is laid out: some words, then a ring of bytes.
 *
 * The words are a header and a ring of places, one a response. Both rings are filled in the order of arrival, so the
 * oldest place is also the one whose bytes are overwritten next.
 */
const at = { lock: 0, writeAt: 1, oldest: 2, used: 3 } as const;
const headerWords = 4;
/** Fields of a place; a `hash` of 0 is a forgotten response. */
const inPlace = { hash: 0, start: 1, length: 2 } as const;
const placeWords = 3;

const maxResponses = 4096;
const ringBytes = 16 * 1024 * 1024;
/** A longer one would push out too many others. */
const maxBytes = 1024 * 1024;
const ringAt = (headerWords + maxResponses * placeWords) * Int32Array.BYTES_PER_ELEMENT;

/** The lock is held while a text is copied: after so many naps its holder must be gone. */
const naps = 200;

/** Allocates room for the responses that a node keeps: max 4,096 and 16 MiB, which are used as they are filled. */
export function createResponseMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(ringAt + ringBytes);
}

/**
 * Responses that every event loop of a node can find, whichever made them.
 *
 * Each is a copy in shared memory; the oldest make room for new ones. One above 1 MiB is not kept.
 *
 * @param memory from `createResponseMemory`
 * @param worker number of this event loop, the same in no two of them
 * @returns never throws
 */
export function createKeptResponses(memory: SharedArrayBuffer, worker: number): KeptResponses {
  const words = wordsOf(memory);
  const ring = Buffer.from(memory, ringAt, ringBytes);

  const locked = <Result>(section: () => Result): Result | undefined => {
    if (!acquire({ words, index: at.lock }, worker + 1, { naps })) return undefined;
    try {
      return section();
    } finally {
      release(words, at.lock);
    }
  };
  return {
    keep(id, pieces) {
      const name = `${id}\n`;
      let length = Buffer.byteLength(name);
      for (const piece of pieces) length += Buffer.byteLength(piece);
      if (length > maxBytes) return;
      locked(() => {
        const start = makeRoom(words, length);
        let end = start + ring.write(name, start);
        for (const piece of pieces) end += ring.write(piece, end);
        append(words, { hash: hashOf(id), start, length });
      });
    },
    find: (id) => locked(() => textOf(words, ring, id)),
    forget: (id) => locked(() => dropAll(words, ring, id)) ?? false,
  };
}

/**
 * Takes the lock back from an event loop that died; what it was keeping is lost.
 *
 * @returns never throws
 */
export function returnResponseLock(memory: SharedArrayBuffer, worker: number): void {
  Atomics.compareExchange(wordsOf(memory), at.lock, worker + 1, 0);
}

function wordAt(words: Int32Array, index: number): number {
  return words[index] ?? 0;
}

function wordsOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, ringAt / Int32Array.BYTES_PER_ELEMENT);
}

// Everything below needs the lock, so plain reads and writes do.

function hashOf(id: string): number {
  return hash32(id) | 0 || 1;
}

/** Position of the place that is `index` places younger than the oldest. */
function placeAt(words: Int32Array, index: number): number {
  return headerWords + ((wordAt(words, at.oldest) + index) % maxResponses) * placeWords;
}

/** The youngest place of an id; undefined when nothing is kept under it. */
function placeOf(words: Int32Array, ring: Buffer, id: string): number | undefined {
  const hash = hashOf(id);
  const name = Buffer.from(`${id}\n`);
  for (let index = wordAt(words, at.used) - 1; index >= 0; index -= 1) {
    const place = placeAt(words, index);
    if (words[place + inPlace.hash] !== hash) continue;
    const start = wordAt(words, place + inPlace.start);
    if (ring.subarray(start, start + name.length).equals(name)) return place;
  }
  return undefined;
}

function textOf(words: Int32Array, ring: Buffer, id: string): string | undefined {
  const place = placeOf(words, ring, id);
  if (place === undefined) return undefined;
  const start = wordAt(words, place + inPlace.start);
  return ring.toString("utf8", start + Buffer.byteLength(id) + 1, start + wordAt(words, place + inPlace.length));
}

/** Drops the text of an id, and those that it replaced. */
function dropAll(words: Int32Array, ring: Buffer, id: string): boolean {
  let place = placeOf(words, ring, id);
  const known = place !== undefined;
  while (place !== undefined) {
    words[place + inPlace.hash] = 0;
    place = placeOf(words, ring, id);
  }
  return known;
}

/** Forgets the oldest responses until so many bytes are free in one piece; gives where that begins. */
function makeRoom(words: Int32Array, length: number): number {
  let start = wordAt(words, at.writeAt);
  if (start + length > ringBytes) {
    // What is left at the end of the ring stays empty.
    forgetWhile(words, (oldest) => oldest >= start);
    start = 0;
  }
  const end = start + length;
  forgetWhile(words, (oldest) => oldest >= start && oldest < end);
  if (words[at.used] === maxResponses) forgetOldest(words);
  return start;
}

function forgetWhile(words: Int32Array, reached: (start: number) => boolean): void {
  while (wordAt(words, at.used) > 0 && reached(wordAt(words, placeAt(words, 0) + inPlace.start))) forgetOldest(words);
}

function forgetOldest(words: Int32Array): void {
  words[at.oldest] = (wordAt(words, at.oldest) + 1) % maxResponses;
  words[at.used] = wordAt(words, at.used) - 1;
}

function append(words: Int32Array, place: { hash: number; start: number; length: number }): void {
  const position = placeAt(words, wordAt(words, at.used));
  words[position + inPlace.hash] = place.hash;
  words[position + inPlace.start] = place.start;
  words[position + inPlace.length] = place.length;
  words[at.writeAt] = place.start + place.length;
  words[at.used] = wordAt(words, at.used) + 1;
}

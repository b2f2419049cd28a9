import type { Frame } from "../../../types.ts";

/** What one event is worth: how many output tokens it carries, and whether it tells that the response is whole. */
export type EventInfo = { readonly tokens: number; readonly final: boolean };

/** Says what an event is worth, given its text as received; never throws. */
export type ClassifyEvent = (event: string) => EventInfo;

/** The same of the bytes of an event. */
export type JudgeBytes = (event: Uint8Array) => EventInfo;

/** What an event is that carries nothing. */
export const nothing: EventInfo = { tokens: 0, final: false };

/** Longer events are passed on in pieces. */
export const defaultMaxBytes = 4 * 1024 * 1024;

/** Keeps the bytes of an unfinished event until its end is known. */
export type Cutter = {
  /** Adds bytes to the event; what is more than may be kept goes to `frames`. */
  keep(atMs: number, bytes: Uint8Array, frames: Frame[]): void;
  /** Adds the last bytes of the event and puts it to `frames`. */
  cut(atMs: number, bytes: Uint8Array, frames: Frame[]): void;
  /** What is kept, as a frame; undefined when nothing is. */
  flush(atMs: number): Frame | undefined;
};

/**
 * Makes what stream readers have in common, whichever way their events end.
 *
 * @param maxBytes longer events are passed on in pieces of this size, which count as nothing, so that memory stays bounded
 */
export function createCutter(judge: JudgeBytes, maxBytes: number): Cutter {
  const kept = createPieces();
  let oversize = false;

  function frame(atMs: number, data: Uint8Array): Frame {
    const { tokens, final } = oversize ? nothing : judge(data);
    return { atMs, data, tokens, final };
  }

  function keep(atMs: number, bytes: Uint8Array, frames: Frame[]): void {
    let rest = bytes;
    while (kept.length() + rest.length > maxBytes) {
      const room = maxBytes - kept.length();
      kept.add(rest.subarray(0, room));
      rest = rest.subarray(room);
      oversize = true;
      frames.push(frame(atMs, kept.take()));
    }
    if (rest.length > 0) kept.add(rest);
  }

  return {
    keep,
    cut(atMs, bytes, frames) {
      keep(atMs, bytes, frames);
      frames.push(frame(atMs, kept.take()));
      oversize = false;
    },
    flush(atMs) {
      if (kept.length() === 0) return undefined;
      const rest = frame(atMs, kept.take());
      oversize = false;
      return rest;
    },
  };
}

/** Judges events by their text. */
export function byText(judge: ClassifyEvent): JudgeBytes {
  const decoder = new TextDecoder();
  return (event) => judge(decoder.decode(event));
}

const noBytes = new Uint8Array(0);

/** A view of some bytes; one is made only where it is needed. */
export function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return noBytes;
  return from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to);
}

/** Bytes that arrived in pieces, joined only when they are taken. */
function createPieces() {
  let pieces: Uint8Array[] = [];
  let length = 0;
  return {
    length: () => length,
    add(piece: Uint8Array): void {
      pieces.push(piece);
      length += piece.length;
    },
    take(): Uint8Array {
      const whole = pieces.length === 1 ? pieces[0]! : joined(pieces, length);
      pieces = [];
      length = 0;
      return whole;
    },
  };
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

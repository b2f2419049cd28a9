import type { Frame } from "../types.ts";
import type { StreamReader } from "./types.ts";

/** What one event is worth: how many output tokens it carries, and whether it tells that the answer is whole. */
export type Worth = { readonly tokens: number; readonly final: boolean };

/** Says what an event is worth, given its text as received; never throws. */
export type Judge = (event: string) => Worth;

const nothing: Worth = { tokens: 0, final: false };
const lf = 10;
const cr = 13;
const defaultMaxBytes = 4 * 1024 * 1024;

/**
 * Where the reader stands: in a line; after a line end that was CR (its LF may follow) or that is complete; or after a
 * CR that ended an event and whose LF may follow.
 */
type State = "line" | "after-cr" | "after-line" | "after-event";

/** Says whether a content type is that of a stream of server-sent events. */
export function isEventStream(contentType: string): boolean {
  return contentType.startsWith("text/event-stream");
}

/**
 * Cuts a stream of server-sent events into frames just after the blank lines between them, for all three line ends.
 *
 * Frames joined are the bytes received, and how these were split into pieces makes no difference to the frames.
 *
 * @param maxBytes longer events are passed on in pieces of this size, which count as nothing, so that memory stays bounded
 * @see HTML Standard §9.2.5, "Parsing an event stream"
 */
export function createSseReader(judge: Judge, maxBytes = defaultMaxBytes): StreamReader {
  const decoder = new TextDecoder();
  const kept = createPieces();
  let state: State = "line";
  let oversize = false;

  function frame(atMs: number, data: Uint8Array): Frame {
    const { tokens, final } = oversize ? nothing : judge(decoder.decode(data));
    return { atMs, data, tokens, final };
  }

  /** Adds bytes to the unfinished event, passing on what is more than may be kept. */
  function add(atMs: number, bytes: Uint8Array, frames: Frame[]): void {
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
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      const cut = (to: number): void => {
        add(atMs, part(bytes, from, to), frames);
        frames.push(frame(atMs, kept.take()));
        oversize = false;
        from = to;
        state = "line";
      };
      for (let at = 0; at < bytes.length; at += 1) {
        if (state === "line") at = skipText(bytes, at);
        if (at === bytes.length) break;
        const step = follow(state, bytes[at]!);
        if (step === "ends") cut(at + 1);
        else if (step !== "ended") state = step;
        else {
          cut(at);
          // The byte is the first of the next event and looked at again.
          at -= 1;
        }
      }
      add(atMs, part(bytes, from, bytes.length), frames);
      return frames;
    },
    flush(atMs) {
      if (kept.length() === 0) return undefined;
      const rest = frame(atMs, kept.take());
      oversize = false;
      state = "line";
      return rest;
    },
  };
}

/** Where a byte leads: to another state, or to the end of the event, just after it ("ends") or before ("ended"). */
function follow(state: State, byte: number): State | "ends" | "ended" {
  if (state === "after-event") return byte === lf ? "ends" : "ended";
  if (byte !== lf && byte !== cr) return "line";
  switch (state) {
    case "line":
      return byte === cr ? "after-cr" : "after-line";
    case "after-cr":
      return byte === lf ? "after-line" : "ends";
    case "after-line":
      return byte === lf ? "ends" : "after-event";
    default:
      return state satisfies never;
  }
}

/** The first place at or after `from` that may be a line end: both come before all printable characters. */
function skipText(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at]! > cr) at += 1;
  return at;
}

const noBytes = new Uint8Array(0);

/** A view of some bytes; one is made only where it is needed. */
function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
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

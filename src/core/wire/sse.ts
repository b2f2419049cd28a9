import type { Frame } from "../types.ts";
import type { StreamReader } from "./types.ts";

/** What one event is worth. `text` is the event as received, its final blank line included. */
export type Judge = (text: string) => { tokens: number; final: boolean };

const lf = 10;
const cr = 13;

/**
 * Cuts a stream of server-sent events into frames at the blank lines between them, for any of the three line ends.
 *
 * Frames joined are the bytes received; no byte is looked at more than twice.
 *
 * @see HTML Standard §9.2.5, "Parsing an event stream"
 */
export function createSseReader(judge: Judge): StreamReader {
  const decoder = new TextDecoder();
  let kept: Uint8Array[] = [];
  /** Line ends met in a row: two make an event end. A CR may still be followed by its LF. */
  let lineEnds = 0;
  let afterCr = false;

  function frame(atMs: number, bytes: Uint8Array): Frame {
    const { tokens, final } = judge(decoder.decode(bytes));
    return { atMs, data: bytes, tokens, final };
  }

  function take(last: Uint8Array): Uint8Array {
    if (kept.length === 0) return last;
    const whole = joinBytes([...kept, last]);
    kept = [];
    return whole;
  }

  return {
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (byte === lf && afterCr) {
          afterCr = false;
          if (lineEnds < 2) continue;
          frames.push(frame(atMs, take(bytes.subarray(from, at + 1))));
          from = at + 1;
          lineEnds = 0;
          continue;
        }
        if (lineEnds >= 2) {
          frames.push(frame(atMs, take(bytes.subarray(from, at))));
          from = at;
          lineEnds = 0;
        }
        afterCr = byte === cr;
        if (byte !== lf && byte !== cr) {
          lineEnds = 0;
          continue;
        }
        lineEnds += 1;
        if (lineEnds < 2 || byte === cr) continue;
        frames.push(frame(atMs, take(bytes.subarray(from, at + 1))));
        from = at + 1;
        lineEnds = 0;
      }
      if (from < bytes.length) kept.push(bytes.subarray(from));
      return frames;
    },
    flush(atMs) {
      if (kept.length === 0) return undefined;
      const rest = joinBytes(kept);
      kept = [];
      return frame(atMs, rest);
    },
  };
}

/** Several pieces as one; a single piece is given back as it is. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

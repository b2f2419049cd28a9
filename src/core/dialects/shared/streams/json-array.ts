import type { Frame } from "../../../types.ts";
import { byText, createCutter, defaultMaxBytes, part, type ClassifyEvent } from "./cutter.ts";
import type { StreamReader } from "../../types.ts";

const quote = 34;
const openBracket = 91;
const backslash = 92;
const closeBracket = 93;
const openBrace = 123;
const closeBrace = 125;

/**
 * Cuts an array of JSON objects, streamed element by element, into frames just after each element.
 *
 * The bracket that opens the array is in the frame of the first element, a comma in that of the element after it; the
 * closing bracket is a frame of its own. Frames joined are the bytes received, whatever they are, and how these were
 * split into pieces makes no difference to the frames.
 *
 * @param judge gets an element with what stands before it
 * @param maxBytes longer elements are passed on in pieces of this size, which count as nothing, so that memory stays bounded
 */
export function createArrayReader(judge: ClassifyEvent, maxBytes = defaultMaxBytes): StreamReader {
  const cutter = createCutter(byText(judge), maxBytes);
  let depth = 0;
  let inString = false;
  let escaped = false;

  /** Takes one byte; says whether an element, or the array, ends with it. */
  function ends(byte: number): boolean {
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === backslash) escaped = true;
      else if (byte === quote) inString = false;
      return false;
    }
    if (byte === quote) inString = true;
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth = Math.max(0, depth - 1);
      return depth <= 1;
    }
    return false;
  }

  return {
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        if (!ends(bytes[at]!)) continue;
        cutter.cut(atMs, part(bytes, from, at + 1), frames);
        from = at + 1;
      }
      cutter.keep(atMs, part(bytes, from, bytes.length), frames);
      return frames;
    },
    flush(atMs) {
      depth = 0;
      inString = false;
      escaped = false;
      return cutter.flush(atMs);
    },
  };
}

/** The JSON of an element as the reader gives it to its judge: without bracket, comma and blanks before it. */
export function elementOf(text: string): string {
  const from = text.indexOf("{");
  return from === -1 ? "" : text.slice(from);
}

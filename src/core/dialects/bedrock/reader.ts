import type { Frame } from "../../types.ts";
import { createCutter, defaultMaxBytes, part, type JudgeBytes } from "../shared/streams/cutter.ts";
import type { StreamReader } from "../types.ts";
import { isEventLength } from "./event-stream.ts";

/** The bytes that tell how long an event is. */
const lengthBytes = 4;

/**
 * Cuts a stream of binary events into frames just after each, by the length that it begins with.
 *
 * Frames joined are the bytes received, and how these were split into pieces makes no difference to the frames. What
 * follows a length that no event has is passed on as it comes, and counts as nothing.
 *
 * @param maxBytes longer events are passed on in pieces of this size, which count as nothing, so that memory stays bounded
 */
export function createEventReader(judge: JudgeBytes, maxBytes = defaultMaxBytes): StreamReader {
  const cutter = createCutter(judge, maxBytes);
  let length = 0;
  let seen = 0;
  let isLost = false;

  /** Takes bytes of the event that has begun. @returns just after the last of them */
  function take(bytes: Uint8Array, at: number): number {
    if (seen >= lengthBytes) {
      const taken = Math.min(length - seen, bytes.length - at);
      seen += taken;
      return at + taken;
    }
    length = length * 256 + (bytes[at] ?? 0);
    seen += 1;
    isLost = seen === lengthBytes && !isEventLength(length);
    return at + 1;
  }

  return {
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      for (let at = 0; at < bytes.length && !isLost;) {
        at = take(bytes, at);
        if (seen < lengthBytes || seen < length) continue;
        cutter.cut(atMs, part(bytes, from, at), frames);
        from = at;
        seen = 0;
        length = 0;
      }
      cutter.keep(atMs, part(bytes, from, bytes.length), frames);
      const rest = isLost ? cutter.flush(atMs) : undefined;
      return rest === undefined ? frames : [...frames, rest];
    },
    flush(atMs) {
      seen = 0;
      length = 0;
      return cutter.flush(atMs);
    },
  };
}

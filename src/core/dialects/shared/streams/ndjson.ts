import type { Frame } from "../../../types.ts";
import { byText, createCutter, defaultMaxBytes, part, type ClassifyEvent } from "./cutter.ts";
import type { StreamReader } from "../../types.ts";

const lf = 10;

/** Says whether a content type is that of a stream of JSON texts, one a line. */
export function isNdjson(contentType: string): boolean {
  return contentType.startsWith("application/x-ndjson") || contentType.startsWith("application/ndjson");
}

/**
 * Cuts a stream of JSON texts into frames just after the line ends.
 *
 * Frames joined are the bytes received, and how these were split into pieces makes no difference to the frames.
 *
 * @param maxBytes longer lines are passed on in pieces of this size, which count as nothing, so that memory stays bounded
 */
export function createNdjsonReader(judge: ClassifyEvent, maxBytes = defaultMaxBytes): StreamReader {
  const cutter = createCutter(byText(judge), maxBytes);
  return {
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      for (let end = bytes.indexOf(lf); end !== -1; end = bytes.indexOf(lf, from)) {
        cutter.cut(atMs, part(bytes, from, end + 1), frames);
        from = end + 1;
      }
      cutter.keep(atMs, part(bytes, from, bytes.length), frames);
      return frames;
    },
    flush: (atMs) => cutter.flush(atMs),
  };
}

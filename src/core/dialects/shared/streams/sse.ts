import type { Frame } from "../../../types.ts";
import { byText, createCutter, defaultMaxBytes, part, type ClassifyEvent } from "./cutter.ts";
import type { StreamReader } from "../../types.ts";

export type { ClassifyEvent, EventInfo } from "./cutter.ts";

const lf = 10;
const cr = 13;

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
export function createSseReader(judge: ClassifyEvent, maxBytes = defaultMaxBytes): StreamReader {
  const cutter = createCutter(byText(judge), maxBytes);
  let state: State = "line";

  return {
    push(atMs, bytes) {
      const frames: Frame[] = [];
      let from = 0;
      const cut = (to: number): void => {
        cutter.cut(atMs, part(bytes, from, to), frames);
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
      cutter.keep(atMs, part(bytes, from, bytes.length), frames);
      return frames;
    },
    flush(atMs) {
      state = "line";
      return cutter.flush(atMs);
    },
  };
}

/** The data of an event: what follows `data:` in its lines. */
export function dataOf(event: string): string {
  if (event.startsWith("data: {")) {
    const end = event.indexOf("\n");
    // One line of data and the blank one, as nearly all events are.
    if (end === event.length - 2) return event.slice("data: ".length, end);
  }
  const lines = event.split(/\r\n|\r|\n/).filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice("data:".length).trimStart()).join("\n");
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

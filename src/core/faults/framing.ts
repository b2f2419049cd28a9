import { z } from "zod";
import { headerValue } from "../headers.ts";
import type { Frame, Head, Sink } from "../types.ts";
import { bytesOf } from "./engine/bytes.ts";
import { envelopeOf, formOf, inserted, within } from "./engine/events.ts";
import { jsonIn } from "./engine/rewrite.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = z.strictObject({
  what: z
    .enum(["cr", "crlf", "bom", "split-utf8", "checksum"])
    .describe(
      "every line ends in CR, or in CR LF; the body begins with a byte order mark; the bytes of a character are divided between two events; the checksum of every event is wrong",
    ),
});

const lf = 0x0a;
const cr = 0x0d;
const mark = new Uint8Array([0xef, 0xbb, 0xbf]);

/** Sends the same events in other bytes: with other line ends, a byte order mark, a divided character, or wrong checksums. */
export const framing: Fault<z.infer<typeof options>> = {
  kind: "framing",
  summary:
    "Sends the same events in other bytes: with other line ends, a byte order mark, a character in two events, or wrong checksums.",
  options,
  withoutEffect({ what }, { dialect, stream }) {
    if (stream === false && what !== "bom") return "a JSON response has neither lines nor events";
    if (dialect === undefined || what === "split-utf8") return undefined;
    if (what === "checksum")
      return dialect.envelope === undefined ? `events of ${dialect.name} have no checksum` : undefined;
    if (dialect.envelope === undefined || (what === "bom" && stream !== true)) return undefined;
    return `events of ${dialect.name} are no text`;
  },
  bend({ what }, next, context) {
    if (what === "bom") return marked(next, context);
    if (what === "split-utf8") return split(next, context);
    if (what === "checksum") return unsound(next, context);
    return lineEnds(next, context, what === "cr" ? [cr] : [cr, lf]);
  },
};

/** Passes the head on, and gives the rest to a sink where that may be changed. */
function afterHead(next: Sink, change: (head: Head) => ((frame: Frame) => void) | undefined): Sink {
  let data = (frame: Frame): void => next.data(frame);
  return {
    head(atMs, head) {
      data = change(head) ?? data;
      next.head(atMs, head);
    },
    data: (frame) => data(frame),
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

function lineEnds(next: Sink, context: FaultContext, by: readonly number[]): Sink {
  let afterCr = false;
  return afterHead(next, (head) => {
    const form = formOf(head, context);
    if (form === undefined || form === "binary") return undefined;
    return (frame) => {
      const bytes = bytesOf(frame.data);
      const changed: number[] = [];
      for (const byte of bytes) {
        // The line has ended by the CR before.
        if (byte === cr || (byte === lf && !afterCr)) changed.push(...by);
        else if (byte !== lf) changed.push(byte);
        afterCr = byte === cr;
      }
      const data = Uint8Array.from(changed);
      if (areEqual(data, bytes)) return next.data(frame);
      context.fired();
      next.data({ ...frame, data });
    };
  });
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

function unsound(next: Sink, context: FaultContext): Sink {
  return afterHead(next, (head) => {
    const envelope = envelopeOf(formOf(head, context), context.dialect);
    if (envelope === undefined) return undefined;
    return (frame) => {
      context.fired();
      next.data({ ...frame, data: envelope.damage(bytesOf(frame.data)) });
    };
  });
}

const texts = /^(?:text\/|application\/json)/;

function marked(next: Sink, context: FaultContext): Sink {
  let begun = false;
  return afterHead(next, (head) => {
    const { headers } = head;
    const form = formOf(head, context);
    const type = headerValue(headers, "content-type")?.toLowerCase() ?? "";
    if (headerValue(headers, "content-encoding") !== undefined) return undefined;
    if (form === "binary" || (form === undefined && !texts.test(type))) return undefined;
    return (frame) => {
      if (begun || frame.data.length === 0) return next.data(frame);
      begun = true;
      context.fired();
      next.data(inserted(frame, 0, mark));
    };
  });
}

/** The euro sign: its first byte, and the others. */
const halves = [new Uint8Array([0xe2]), new Uint8Array([0x82, 0xac])] as const;

/** Adds a character to what is said: its first byte ends the text of one event, the others begin that of the next. */
function split(next: Sink, context: FaultContext): Sink {
  let sent = 0;
  return afterHead(next, (head) => {
    const form = formOf(head, context);
    if (form === undefined) return undefined;
    return (frame) => {
      const half = halves[sent];
      const changed =
        half &&
        within(frame, envelopeOf(form, context.dialect), (json) => {
          const text = textOf(json, context);
          return text && inserted(json, sent === 0 ? text.to : text.from, half);
        });
      if (changed === undefined) return next.data(frame);
      context.fired();
      next.data(changed);
      sent += 1;
    };
  });
}

/** Where the text of an event stands, in bytes; undefined for one without. */
function textOf(frame: Frame, { dialect }: FaultContext): { from: number; to: number } | undefined {
  const placed = jsonIn(frame);
  const found = placed?.json.find(dialect.members?.text.pieces ?? []).find(({ value }) => value.to - value.from > 2);
  if (placed === undefined || found?.value.kind !== "string") return undefined;
  const bytesTo = (at: number): number => bytesOf(placed.before + placed.json.text.slice(0, at)).length;
  return { from: bytesTo(found.value.from + 1), to: bytesTo(found.value.to - 1) };
}

import { z } from "zod";
import type { Dialect } from "../dialects/types.ts";
import type { Head, Frame, Sink } from "../types.ts";
import { bytesOf, middleOf } from "./engine/bytes.ts";
import {
  comma,
  envelopeOf,
  formOf,
  hasJson,
  inserted,
  insideJson,
  leadOf,
  led,
  unknownEvent,
  within,
  type Form,
} from "./engine/events.ts";
import { pointed, pointOf, untilPoint } from "./engine/point.ts";
import { changedFrame } from "./engine/rewrite.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const mebibyte = 1024 * 1024;

const options = pointed({
  what: z
    .enum(["lost", "duplicated", "reordered", "cut", "huge", "unknown-type", "wrong-index", "wrong-id", "after-end"])
    .describe(
      "the event is left out; sent twice; comes after the next one; lacks its second half and its end; has blanks of `bytes` " +
        "in its JSON; comes after one of a type that no API has; has the index 99; has another id; one more comes after the end",
    ),
  bytes: z
    .number()
    .int()
    .min(1)
    .max(64 * mebibyte)
    .optional()
    .describe("with huge: how much larger the event is; 1,048,576 by default"),
})
  .refine(({ what, bytes }) => bytes === undefined || what === "huge", { error: "bytes goes with what: huge only" })
  .refine((given) => given.what !== "after-end" || pointOf(given) === undefined, {
    error: "after-end takes no point",
  });

type Options = z.infer<typeof options>;

/** What comes instead of an event: at once, in place of the next event, and at the end where there is no next one. */
type Struck = {
  readonly send: readonly Frame[];
  readonly withNext?: (next: Frame) => readonly Frame[];
  /** Not struck before the next event is there: given as it is where none comes. */
  readonly held?: Frame;
  /** The event itself, while another may take its place. */
  readonly lost?: Frame;
};

/** Says what becomes of an event; undefined for one that this cannot be done to, so that the next is tried. */
type Strike = (frame: Frame, form: Form) => Struck | undefined;

/** Makes one event of a stream wrong: the first with JSON after a point; without a point, that of the first token. */
export const event: Fault<Options> = {
  kind: "event",
  summary: "Loses, repeats, moves or damages one event of a stream, or adds one that does not belong there.",
  options,
  withoutEffect({ what }, { dialect, stream }) {
    if (stream === false) return "a JSON response has no events";
    const { indexes = [], ids = [] } = dialect?.members ?? {};
    if (dialect === undefined) return undefined;
    if (what === "wrong-index" && indexes.length === 0) return `events of ${dialect.name} have no index`;
    return what === "wrong-id" && ids.length === 0 ? `events of ${dialect.name} have no id` : undefined;
  },
  bend(options, next, context) {
    if (options.what === "after-end") return afterEnd(next, context);
    const point = pointOf(options) ?? { before: "firstToken" };
    return untilPoint({ point, next, context }, (_atMs, head) =>
      striking(strikeOf(options, context), head, { next, context }),
    );
  },
};

type Between = { readonly next: Sink; readonly context: FaultContext };

function striking(strike: Strike, head: Head | undefined, { next, context }: Between): Sink {
  let form = head && formOf(head, context);
  let struck: Struck | undefined;
  let over = false;
  context.whenLetGo(() => (over ? [] : [struck?.held ?? struck?.lost ?? []].flat()));
  const send = (frames: readonly Frame[]): void => {
    for (const frame of frames) next.data(frame);
  };
  return {
    head(atMs, late) {
      form = formOf(late, context);
      next.head(atMs, late);
    },
    data(frame) {
      if (over || form === undefined) return next.data(frame);
      const envelope = envelopeOf(form, context.dialect);
      if (struck?.withNext !== undefined) {
        over = true;
        if (struck.held === undefined || hasJson(frame, envelope)) {
          context.fired();
          return send(struck.withNext(frame));
        }
        next.data({ ...struck.held, atMs: frame.atMs });
        return next.data(frame);
      }
      struck = hasJson(frame, envelope) ? strike(frame, form) : undefined;
      if (struck === undefined) return next.data(frame);
      if (struck.held === undefined && struck.lost === undefined) context.fired();
      over = struck.withNext === undefined;
      send(struck.send);
    },
    end(atMs, ending) {
      if (!over && struck?.held !== undefined) next.data({ ...struck.held, atMs });
      if (!over && struck?.lost !== undefined) context.fired();
      over = true;
      next.end(atMs, ending);
    },
  };
}

function afterEnd(next: Sink, context: FaultContext): Sink {
  let form: Form | undefined;
  return {
    head(atMs, head) {
      form = formOf(head, context);
      next.head(atMs, head);
    },
    data: (frame) => next.data(frame),
    end(atMs, ending) {
      if (form !== undefined && ending === "finish") {
        context.fired();
        next.data({ atMs, data: unknownEvent(form, context.dialect), tokens: 0, final: false });
      }
      next.end(atMs, ending);
    },
  };
}

function strikeOf({ what, bytes = mebibyte }: Options, { dialect }: FaultContext): Strike {
  switch (what) {
    case "lost":
      return (frame, form) => ({ send: [], lost: frame, withNext: (next) => [inPlaceOf(frame, next, form)] });
    case "duplicated":
      return (frame, form) => ({ send: [frame, { ...led(frame, comma, form), tokens: 0 }] });
    case "reordered":
      return (held, form) => ({ send: [], held, withNext: (next) => swapped(held, next, form) });
    case "cut":
      return (frame) => ({ send: [firstHalf(frame)] });
    case "huge":
      return inJson(dialect, (json) => inserted(json, insideJson(json), new Uint8Array(bytes).fill(0x20)));
    case "unknown-type":
      return (frame, form) => ({ send: [stranger(frame, form, dialect), led(frame, comma, form)] });
    case "wrong-index":
      return inJson(
        dialect,
        setting(dialect.members?.indexes, () => "99"),
      );
    case "wrong-id":
      return inJson(
        dialect,
        setting(dialect.members?.ids, (id) => id.replace(/"$/, `-other"`)),
      );
    case "after-end":
      return () => undefined;
    default:
      return what satisfies never;
  }
}

/** The event after one that was lost; an array begins with it where it began with that. */
function inPlaceOf(lost: Frame, next: Frame, form: Form): Frame {
  const lead = leadOf(lost, form);
  if (form !== "array" || hasJson(next, undefined)) return led(next, lead, form);
  return lead.includes(0x5b) ? inserted(next, 0, lead) : next;
}

function swapped(held: Frame, next: Frame, form: Form): Frame[] {
  const { atMs } = next;
  return [led(next, leadOf(held, form), form), { ...led(held, leadOf(next, form), form), atMs }];
}

function firstHalf(frame: Frame): Frame {
  const bytes = bytesOf(frame.data);
  return { ...frame, data: bytes.subarray(0, middleOf(bytes, 0, bytes.length)), tokens: 0, final: false };
}

function stranger(frame: Frame, form: Form, dialect: Dialect): Frame {
  return led({ ...frame, data: unknownEvent(form, dialect), tokens: 0, final: false }, leadOf(frame, form), form);
}

/** Changes the JSON of an event. */
function inJson(dialect: Dialect, change: (json: Frame) => Frame | undefined): Strike {
  return (frame, form) => {
    const changed = within(frame, envelopeOf(form, dialect), change);
    return changed && { send: [changed] };
  };
}

/** Sets other JSON where paths lead. @param by gives it for what stands there */
function setting(paths: readonly string[] = [], by: (json: string) => string): (frame: Frame) => Frame | undefined {
  return (frame) =>
    changedFrame(frame, (json) => {
      for (const { value } of json.find(paths)) json.replace(value, by(json.jsonOf(value)));
    });
}

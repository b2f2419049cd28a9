import { z } from "zod";
import type { Head, Sink } from "../types.ts";
import { bytesOf, middleOf } from "./engine/bytes.ts";
import { envelopeOf, formOf, within } from "./engine/events.ts";
import { pointed, pointOf, sendsEvents, untilPoint } from "./engine/point.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = pointed({
  what: z
    .enum(["invalid-json", "truncated-json"])
    .optional()
    .describe("a character that JSON forbids is put in (default), or the second half is missing"),
});

type What = NonNullable<z.infer<typeof options>["what"]>;

/** What is to be done, in a response whose head may have passed. */
type Damage = { readonly what: What; readonly head: Head | undefined };

const openBrace = 0x7b;
const closeBrace = 0x7d;
/** JSON allows this control character nowhere, neither in a string nor outside, so it need not know where it is. */
const forbidden = 0x01;

/** Damages the first event with JSON after a point, or a JSON response's body; without a point, the first of all. */
export const malformed: Fault<z.infer<typeof options>> = {
  kind: "malformed",
  summary: "Damages the JSON of one event, or of a JSON response.",
  options,
  bend({ what = "invalid-json", ...options }, next, context) {
    const point = pointOf(options) ?? { after: "bytes", count: 0 };
    return untilPoint({ point, next, context }, (_atMs, head) => damaging({ what, head }, next, context));
  },
};

function damaging({ what, head }: Damage, next: Sink, context: FaultContext): Sink {
  let stream = head !== undefined && sendsEvents(head, context);
  let form = head && formOf(head, context);
  let damaged = false;
  return {
    head(atMs, late) {
      stream = sendsEvents(late, context);
      form = formOf(late, context);
      next.head(atMs, late);
    },
    data(frame) {
      if (damaged && (stream || what === "invalid-json")) return next.data(frame);
      if (damaged) return;
      const broken = within(frame, envelopeOf(form, context.dialect), (json) => {
        const data = damage(what, stream, bytesOf(json.data));
        return data && { ...json, data };
      });
      if (broken === undefined) return next.data(frame);
      damaged = true;
      context.fired();
      next.data(broken);
    },
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

/** The bytes with their JSON damaged; undefined when there is none in them, as in a comment or `[DONE]`. */
function damage(what: What, stream: boolean, bytes: Uint8Array): Uint8Array | undefined {
  const brace = bytes.indexOf(openBrace);
  if (bytes.length === 0 || (stream && brace === -1)) return undefined;
  if (what === "invalid-json") return replaced(bytes, [brace + 1, brace + 1], [forbidden]);
  if (!stream) return bytes.subarray(0, middleOf(bytes, 0, bytes.length));
  const last = bytes.lastIndexOf(closeBrace);
  const end = last < brace ? bytes.length : last + 1;
  return replaced(bytes, [middleOf(bytes, brace, end), end], []);
}

function replaced(bytes: Uint8Array, [from, to]: readonly [number, number], by: readonly number[]): Uint8Array {
  const result = new Uint8Array(bytes.length - (to - from) + by.length);
  result.set(bytes.subarray(0, from));
  result.set(by, from);
  result.set(bytes.subarray(to), from + by.length);
  return result;
}

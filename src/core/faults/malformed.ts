import { z } from "zod";
import type { Sink } from "../types.ts";
import { hasPoint, onePoint, onePointMessage, pointOptions, switchAt } from "./point.ts";
import type { Fault } from "./types.ts";

const options = z.strictObject(pointOptions).refine(onePoint, onePointMessage);

/** Makes the JSON of one event invalid; the rest of the answer is left alone. Without a point it is the first one. */
export const malformed: Fault<z.infer<typeof options>> = {
  kind: "malformed",
  summary: "Makes the JSON of the next event (or of a JSON answer) invalid",
  options,
  bend(given, next, context) {
    const spoiling = (): Sink => spoilOnce(next, context.fired);
    return hasPoint(given) ? switchAt(given, next, context, spoiling) : spoiling();
  },
};

function spoilOnce(next: Sink, fired: () => void): Sink {
  let spoilt = false;
  return {
    head: (atMs, head) => next.head(atMs, head),
    data(frame) {
      const data = spoilt ? undefined : spoil(frame.data);
      if (data === undefined) return next.data(frame);
      spoilt = true;
      fired();
      next.data({ ...frame, data });
    },
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

const brace = 123;
const comma = 44;

/** Puts a comma behind the first brace, which no JSON parser accepts; undefined where there is no object. */
function spoil(data: string | Uint8Array): string | Uint8Array | undefined {
  if (typeof data === "string") {
    const at = data.indexOf("{");
    return at === -1 ? undefined : `${data.slice(0, at + 1)},${data.slice(at + 1)}`;
  }
  const at = data.indexOf(brace);
  if (at === -1) return undefined;
  const spoilt = new Uint8Array(data.length + 1);
  spoilt.set(data.subarray(0, at + 1));
  spoilt[at + 1] = comma;
  spoilt.set(data.subarray(at + 1), at + 2);
  return spoilt;
}

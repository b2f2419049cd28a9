import type { z } from "zod";
import type { Sink } from "../types.ts";
import { pointed, pointOf, silence, untilPoint } from "./engine/point.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = pointed({});

/** Ends the response properly but not whole: without its final marker, or early when a point is given. */
export const cleanEnd: Fault<z.infer<typeof options>> = {
  kind: "clean-end",
  summary: "Ends the response cleanly, but early or without its final marker.",
  options,
  withoutEffect: (options, { stream }) =>
    stream === false && pointOf(options) === undefined ? "a JSON response has no final marker" : undefined,
  bend(options, next, context) {
    const point = pointOf(options);
    if (point === undefined) return withoutMarker(next, context);
    return untilPoint({ point, next, context }, (atMs, head) => {
      if (head === undefined) return headOnly(next, context);
      context.fired();
      next.end(atMs, "finish");
      return silence;
    });
  },
};

function withoutMarker(next: Sink, context: FaultContext): Sink {
  return {
    head: (atMs, head) => next.head(atMs, head),
    data(frame) {
      if (frame.final) context.fired();
      else next.data(frame);
    },
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

/** A proper end needs a head, so a point before the head has to wait for it. */
function headOnly(next: Sink, context: FaultContext): Sink {
  return {
    head(atMs, head) {
      context.fired();
      next.head(atMs, head);
      next.end(atMs, "finish");
    },
    data: (frame) => next.data(frame),
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

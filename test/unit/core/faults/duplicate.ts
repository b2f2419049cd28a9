import type { z } from "zod";
import type { Sink } from "../../../../src/core/types.ts";
import { pointed, pointOf, untilPoint } from "../../../../src/core/faults/engine/point.ts";
import type { Fault, FaultContext } from "../../../../src/core/faults/engine/types.ts";

const options = pointed({});

/** Sends one event twice: the first after the point; without a point, the first of all. */
export const duplicate: Fault<z.infer<typeof options>> = {
  kind: "duplicate",
  summary: "Sends one event twice.",
  options,
  bend: (options, next, context) =>
    untilPoint(pointOf(options) ?? { after: "events", count: 0 }, next, context, () => twice(next, context)),
};

function twice(next: Sink, context: FaultContext): Sink {
  let sent = false;
  return {
    head: (atMs, head) => next.head(atMs, head),
    data(frame) {
      next.data(frame);
      if (sent) return;
      sent = true;
      context.fired();
      next.data({ ...frame, tokens: 0 });
    },
    end: (atMs, ending) => next.end(atMs, ending),
  };
}

import { z } from "zod";
import { deaf, hasPoint, onePoint, onePointMessage, pointOptions, switchAt } from "./point.ts";
import type { Fault } from "./types.ts";

const options = z.strictObject(pointOptions).refine(onePoint, onePointMessage);

/** Ends an event stream politely but without its final marker, which hardly any client notices. */
export const cleanEnd: Fault<z.infer<typeof options>> = {
  kind: "clean-end",
  summary: "Ends the stream properly, at a point or at its end, but without the final marker",
  options,
  bend(given, next, context) {
    if (hasPoint(given)) {
      return switchAt(given, next, context, (atMs) => {
        context.fired();
        next.end(atMs, "finish");
        return deaf;
      });
    }
    let fired = false;
    return {
      ...next,
      head: (atMs, head) => next.head(atMs, head),
      data(frame) {
        if (!frame.final) return next.data(frame);
        if (!fired) context.fired();
        fired = true;
      },
      end: (atMs, ending) => next.end(atMs, ending),
    };
  },
};

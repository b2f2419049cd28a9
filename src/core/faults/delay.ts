import { z } from "zod";
import type { Sink } from "../types.ts";
import { onePoint, onePointMessage, hasPoint, pointOptions, switchAt } from "./point.ts";
import type { Fault } from "./types.ts";

const options = z
  .strictObject({ ms: z.number().min(0).describe("How much later"), ...pointOptions })
  .refine(onePoint, onePointMessage);

/** Makes everything from a point on arrive later; without a point, the whole answer. */
export const delay: Fault<z.infer<typeof options>> = {
  kind: "delay",
  summary: "Makes the whole answer, or all of it after a point, arrive later",
  options,
  bend(given, next, context) {
    if (hasPoint(given)) {
      return switchAt(given, next, context, () => {
        context.fired();
        return later(next, given.ms);
      });
    }
    const delayed = later(next, given.ms);
    return {
      ...delayed,
      head(atMs, head) {
        context.fired();
        delayed.head(atMs, head);
      },
    };
  },
};

function later(next: Sink, ms: number): Sink {
  return {
    head: (atMs, head) => next.head(atMs + ms, head),
    data: (frame) => next.data({ ...frame, atMs: frame.atMs + ms }),
    end: (atMs, ending) => next.end(atMs + ms, ending),
  };
}

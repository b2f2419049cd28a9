import type { z } from "zod";
import type { Sink } from "../types.ts";
import { drawn, leastMs, timeFrom } from "./engine/time.ts";
import { pointed, pointOf, untilPoint } from "./engine/point.ts";
import type { Fault } from "./engine/types.ts";

const options = pointed({ ms: timeFrom(1).describe("how much later everything comes, in milliseconds") });

/** Makes everything from a point on come `ms` later; without a point, from the head on. */
export const delay: Fault<z.infer<typeof options>> = {
  kind: "delay",
  summary: "Makes everything from a point on come later.",
  options,
  delayMs: ({ ms }) => leastMs(ms),
  bend: (options, next, context) =>
    untilPoint({ point: pointOf(options) ?? { before: "head" }, next, context }, () => {
      context.fired();
      return later(drawn(options.ms), next);
    }),
};

function later(ms: number, next: Sink): Sink {
  return {
    head: (atMs, head) => next.head(atMs + ms, head),
    data: (frame) => next.data({ ...frame, atMs: frame.atMs + ms }),
    end: (atMs, ending) => next.end(atMs + ms, ending),
  };
}

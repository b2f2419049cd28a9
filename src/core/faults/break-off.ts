import { z } from "zod";
import type { Ending } from "../types.ts";
import { deaf, hasPoint, onePoint, onePointMessage, pointOptions, switchAt, type PointOptions } from "./point.ts";
import type { Fault } from "./types.ts";

const options = z.strictObject(pointOptions).refine(onePoint, onePointMessage);

/**
 * Makes the fault that breaks an answer off at a point in the given way; without a point, before its head.
 *
 * What `cut`, `reset` and `hang` have in common.
 */
export function breakOff(kind: string, summary: string, ending: Ending): Fault<PointOptions> {
  return {
    kind,
    summary,
    options,
    bend(given, next, context) {
      const breakHere = (atMs: number) => {
        context.fired();
        next.end(atMs, ending);
        return deaf;
      };
      if (hasPoint(given)) return switchAt(given, next, context, breakHere);
      return { ...deaf, head: (atMs) => void breakHere(atMs) };
    },
  };
}

import { z } from "zod";
import type { Sink } from "../types.ts";
import { bytesOf, partOf } from "./engine/bytes.ts";
import { pointed, pointOf, untilPoint } from "./engine/point.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const atLeastOne = z.number().int().min(1).optional();

const options = pointed({
  bytesPerSecond: atLeastOne.describe("speed of the body; by default one slice each millisecond"),
  sliceBytes: atLeastOne.describe("largest piece written at once; by default what 50 ms let through"),
}).refine(({ bytesPerSecond, sliceBytes }) => (bytesPerSecond ?? sliceBytes) !== undefined, {
  error: "give bytesPerSecond, sliceBytes or both",
});

/** Slices a second when only the speed is given: slow enough to be written one by one, fast enough to look even. */
const slicesPerSecond = 20;

/** Sends the body slowly, in small pieces that do not care for events or characters; without a point, from its start. */
export const drip: Fault<z.infer<typeof options>> = {
  kind: "drip",
  summary: "Sends the body slowly and in small pieces.",
  options,
  bend(options, next, context) {
    // One of the two is there.
    const { bytesPerSecond = (options.sliceBytes ?? 0) * 1000 } = options;
    const { sliceBytes = Math.max(1, Math.round(bytesPerSecond / slicesPerSecond)) } = options;
    const line = { msPerByte: 1000 / bytesPerSecond, sliceBytes };
    const point = pointOf(options) ?? { after: "bytes", count: 0 };
    return untilPoint({ point, next, context }, () => narrow(line, next, context));
  },
};

/** A line on which one slice follows another; each arrives when its last byte is through. */
function narrow(line: { msPerByte: number; sliceBytes: number }, next: Sink, context: FaultContext): Sink {
  let freeAtMs = 0;
  return {
    head: (atMs, head) => next.head(atMs, head),
    data(frame) {
      const bytes = bytesOf(frame.data);
      if (bytes.length === 0) return next.data(frame);
      context.fired();
      freeAtMs = Math.max(freeAtMs, frame.atMs);
      for (let from = 0; from < bytes.length; from += line.sliceBytes) {
        const to = Math.min(bytes.length, from + line.sliceBytes);
        freeAtMs += (to - from) * line.msPerByte;
        next.data({ ...partOf(frame, bytes.subarray(from, to), to === bytes.length), atMs: freeAtMs });
      }
    },
    end: (atMs, ending) => next.end(Math.max(freeAtMs, atMs), ending),
  };
}

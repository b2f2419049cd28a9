import { z } from "zod";
import type { Sink } from "../types.ts";
import { hasPoint, onePoint, onePointMessage, pointOptions, switchAt } from "./point.ts";
import type { Fault } from "./types.ts";

const options = z
  .strictObject({
    bytesPerSecond: z.number().positive().describe("Speed of the body"),
    chunkBytes: z.int().min(1).default(16).describe("Size of the pieces it is cut into"),
    ...pointOptions,
  })
  .refine(onePoint, onePointMessage);

const encoder = new TextEncoder();

/** Lets the body through in small pieces at a low speed. */
export const drip: Fault<z.infer<typeof options>> = {
  kind: "drip",
  summary: "Lets the body through in small pieces at a low speed",
  options,
  bend(given, next, context) {
    const begin = (): Sink => {
      context.fired();
      return dripping(next, given.bytesPerSecond, given.chunkBytes);
    };
    if (hasPoint(given)) return switchAt(given, next, context, begin);
    const slow = begin();
    return slow;
  },
};

function dripping(next: Sink, bytesPerSecond: number, chunkBytes: number): Sink {
  let freeAtMs = 0;
  return {
    head: (atMs, head) => next.head(atMs, head),
    data(frame) {
      const bytes = typeof frame.data === "string" ? encoder.encode(frame.data) : frame.data;
      for (let from = 0; from < bytes.length; from += chunkBytes) {
        const piece = bytes.subarray(from, from + chunkBytes);
        const last = from + chunkBytes >= bytes.length;
        freeAtMs = Math.max(freeAtMs, frame.atMs) + (piece.length / bytesPerSecond) * 1000;
        next.data({ atMs: freeAtMs, data: piece, tokens: last ? frame.tokens : 0, final: last && frame.final });
      }
    },
    end: (atMs, ending) => next.end(Math.max(freeAtMs, atMs), ending),
  };
}

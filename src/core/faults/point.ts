import { z } from "zod";
import type { Frame, Sink } from "../types.ts";
import type { FaultContext } from "./types.ts";

const count = z.int().min(0);

/** Options by which a fault says where in the answer it acts. */
export const pointOptions = {
  afterTokens: count.optional().describe("Act once this many tokens have been passed on (event streams only)"),
  afterEvents: count.optional().describe("Act once this many events have been passed on (event streams only)"),
  afterBytes: count.optional().describe("Act once this many bytes of the body have been passed on"),
  afterMs: count.optional().describe("Act this many milliseconds after the call began"),
};

export type PointOptions = {
  readonly afterTokens?: number | undefined;
  readonly afterEvents?: number | undefined;
  readonly afterBytes?: number | undefined;
  readonly afterMs?: number | undefined;
};

/** At most one of the four may be given. */
export function onePoint(options: PointOptions): boolean {
  return Object.keys(pointOptions).filter((name) => options[name as keyof PointOptions] !== undefined).length <= 1;
}

export const onePointMessage = "give at most one of afterTokens, afterEvents, afterBytes and afterMs";

export function hasPoint(options: PointOptions): boolean {
  return Object.keys(pointOptions).some((name) => options[name as keyof PointOptions] !== undefined);
}

const encoder = new TextEncoder();

/**
 * Passes an answer to `next` up to a point, and from there on to what `after` gives.
 *
 * An answer that ends before the point never calls `after`. A piece in the middle of which the point lies is split.
 *
 * @param after is told the time of the point
 */
export function switchAt(options: PointOptions, next: Sink, context: FaultContext, after: (atMs: number) => Sink): Sink {
  let sink = next;
  let reached = false;
  const left = {
    tokens: options.afterTokens ?? Infinity,
    events: options.afterEvents ?? Infinity,
    bytes: options.afterBytes ?? Infinity,
  };
  const reach = (atMs: number): void => {
    if (reached) return;
    reached = true;
    sink = after(atMs);
  };
  if (options.afterMs !== undefined) context.at(options.afterMs, reach);
  const reachIfDue = (atMs: number): void => {
    if (left.tokens <= 0 || left.events <= 0 || left.bytes <= 0) reach(atMs);
  };
  return {
    head(atMs, head) {
      sink.head(atMs, head);
      reachIfDue(atMs);
    },
    data(frame) {
      if (reached) return sink.data(frame);
      const size = left.bytes === Infinity ? 0 : byteLength(frame.data);
      if (size > left.bytes) {
        const [before, rest] = split(frame, left.bytes);
        sink.data(before);
        reach(frame.atMs);
        return sink.data(rest);
      }
      sink.data(frame);
      left.tokens -= frame.tokens;
      left.events -= 1;
      left.bytes -= size;
      reachIfDue(frame.atMs);
    },
    end: (atMs, ending) => sink.end(atMs, ending),
  };
}

/** Hears everything and passes on nothing. */
export const deaf: Sink = { head() {}, data() {}, end() {} };

function byteLength(data: string | Uint8Array): number {
  return typeof data === "string" ? encoder.encode(data).length : data.length;
}

/** Cuts a frame in two at a byte, be it in the middle of a character. */
function split(frame: Frame, atByte: number): [Frame, Frame] {
  const bytes = typeof frame.data === "string" ? encoder.encode(frame.data) : frame.data;
  return [
    { ...frame, data: bytes.subarray(0, atByte), tokens: 0, final: false },
    { ...frame, data: bytes.subarray(atByte) },
  ];
}

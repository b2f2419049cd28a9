import { z } from "zod";
import type { Ending, Frame, Head, Sink } from "../../types.ts";
import { bytesOf, isEventStream, partOf } from "./bytes.ts";
import type { FaultContext } from "./types.ts";

const count = z.number().int().min(0);

/** The settings by which a fault names its point; at most one may be given. */
const pointOptions = {
  where: z
    .enum(["head", "body", "firstToken"])
    .optional()
    .describe("just before the head, just after the head, or just before the first token"),
  afterTokens: count.optional().describe("after so many output tokens have passed; event streams only"),
  afterEvents: count.optional().describe("after so many events have passed; event streams only"),
  afterBytes: count.optional().describe("after exactly so many bytes of the body, also inside a character"),
  afterMs: count.optional().describe("so many milliseconds after the start of the call, even if nothing arrives then"),
};

/** What `pointed` adds to the options of a kind. */
export type PointOptions = {
  readonly where?: "head" | "body" | "firstToken" | undefined;
  readonly afterTokens?: number | undefined;
  readonly afterEvents?: number | undefined;
  readonly afterBytes?: number | undefined;
  readonly afterMs?: number | undefined;
};

/** A place in a response: before its head, before its first token, or after so much of it. */
export type Point =
  | { readonly before: "head" | "firstToken" }
  | { readonly after: "tokens" | "events" | "bytes" | "ms"; readonly count: number };

/**
 * Makes the options schema of a kind that acts at a point.
 *
 * @param shape the kind's other options
 * @returns a strict object that refuses more than one of the five settings of a point
 */
export function pointed<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({ ...shape, ...pointOptions }).refine((options) => named(options).length < 2, {
    error: ({ input }) => `give one point only, not ${named(input as object).join(" and ")}`,
  });
}

function named(options: object): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value !== undefined && name in pointOptions ? [name] : [],
  );
}

/** The point that the options name; undefined when they name none, and the kind's default holds. */
export function pointOf(options: PointOptions): Point | undefined {
  if (options.where === "body") return { after: "bytes", count: 0 };
  if (options.where !== undefined) return { before: options.where };
  if (options.afterTokens !== undefined) return { after: "tokens", count: options.afterTokens };
  if (options.afterEvents !== undefined) return { after: "events", count: options.afterEvents };
  if (options.afterBytes !== undefined) return { after: "bytes", count: options.afterBytes };
  if (options.afterMs !== undefined) return { after: "ms", count: options.afterMs };
  return undefined;
}

/** Takes everything and passes nothing on. */
export const silence: Sink = { head: () => undefined, data: () => undefined, end: () => undefined };

/**
 * Passes a response on up to a point, and gives the rest of it to another sink.
 *
 * At a count, the point comes right after the frame that completes it (a frame is divided for bytes); a count of 0 is
 * complete with the head. At a time, it comes before anything of that time or later. A response that ends first never
 * reaches the point.
 *
 * @param reached called once at the point, with its time and the head if that has passed; gives the sink for the rest
 */
export function untilPoint(
  point: Point,
  next: Sink,
  context: FaultContext,
  reached: (atMs: number, head: Head | undefined) => Sink,
): Sink {
  const dueMs = "after" in point && point.after === "ms" ? point.count : Infinity;
  const unit = "after" in point ? point.after : undefined;
  let left = "after" in point && point.after !== "ms" ? point.count : Infinity;
  let head: Head | undefined;
  let stream = false;
  let rest: Sink | undefined;
  let over = false;

  const reach = (atMs: number): Sink => (rest = reached(atMs, head));

  function isFirstToken(frame: Frame): boolean {
    return "before" in point && point.before === "firstToken" && (stream ? frame.tokens > 0 : frame.data.length > 0);
  }

  function passBytes(frame: Frame): void {
    const bytes = bytesOf(frame.data);
    if (bytes.length <= left) return pass(frame, bytes.length);
    next.data(partOf(frame, bytes, 0, left));
    reach(frame.atMs).data(partOf(frame, bytes, left, bytes.length));
  }

  function pass(frame: Frame, counted: number): void {
    next.data(frame);
    left -= counted;
    if (left <= 0) reach(frame.atMs);
  }

  if (dueMs < Infinity) context.at(dueMs, () => void (rest === undefined && !over && reach(dueMs)));
  return {
    head(atMs, given) {
      if (rest !== undefined) return rest.head(atMs, given);
      if (atMs >= dueMs) return reach(dueMs).head(atMs, given);
      if ("before" in point && point.before === "head") return reach(atMs).head(atMs, given);
      head = given;
      stream = isEventStream(given, context);
      if (!stream && unit !== "bytes") left = Infinity;
      next.head(atMs, given);
      if (left <= 0) reach(atMs);
    },
    data(frame) {
      if (rest !== undefined) return rest.data(frame);
      if (frame.atMs >= dueMs) return reach(dueMs).data(frame);
      if (isFirstToken(frame)) return reach(frame.atMs).data(frame);
      if (unit === "bytes") return passBytes(frame);
      if (unit === "tokens") return pass(frame, frame.tokens);
      pass(frame, 1);
    },
    end(atMs, ending) {
      if (rest !== undefined) return rest.end(atMs, ending);
      if (atMs >= dueMs) return reach(dueMs).end(atMs, ending);
      over = true;
      next.end(atMs, ending);
    },
  };
}

/** Ends a response in that way at the point the options name; without one, where its head would leave. */
export function endAtPoint(ending: Ending, options: PointOptions, next: Sink, context: FaultContext): Sink {
  return untilPoint(pointOf(options) ?? { before: "head" }, next, context, (atMs) => {
    context.fired();
    next.end(atMs, ending);
    return silence;
  });
}

import { z } from "zod";
import type { Ending, Frame, Head, Sink } from "../../types.ts";
import { headerValue } from "../../headers.ts";
import { bytesOf, partOf } from "./bytes.ts";
import { drawn, timeFrom, type Time } from "./time.ts";
import type { Fault, FaultContext } from "./types.ts";

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
  afterMs: timeFrom(0)
    .optional()
    .describe("so many milliseconds after the start of the call, even if nothing arrives then"),
};

/** What `pointed` adds to the options of a kind. */
export type PointOptions = {
  readonly where?: "head" | "body" | "firstToken" | undefined;
  readonly afterTokens?: number | undefined;
  readonly afterEvents?: number | undefined;
  readonly afterBytes?: number | undefined;
  readonly afterMs?: Time | undefined;
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
  if (options.afterMs !== undefined) return { after: "ms", count: drawn(options.afterMs) };
  return undefined;
}

/** Takes everything and passes nothing on. */
export const silence: Sink = { head: () => undefined, data: () => undefined, end: () => undefined };

/** Called at a point, with its time and the head if that has passed; gives the sink for the rest. */
type Reached = (atMs: number, head: Head | undefined) => Sink;

/** A point, and between whom it lies: what comes before it is passed on to `next`. */
export type PointIn = { readonly point: Point; readonly next: Sink; readonly context: FaultContext };

/**
 * Passes a response on up to a point, and gives the rest of it to another sink.
 *
 * At a count, the point comes right after the frame that completes it (a frame is divided for bytes); a count of 0 is
 * complete with the head. At a time, it comes before anything of that time or later. A response that ends first never
 * reaches the point.
 *
 * @param reached called once at the point, or never
 */
export function untilPoint({ point, next, context }: PointIn, reached: Reached): Sink {
  const { unit, count } = measureOf(point);
  const dueMs = unit === "ms" ? count : Infinity;
  let left = unit === "ms" ? Infinity : count;
  let head: Head | undefined;
  let stream = false;
  let rest: Sink | undefined;
  let over = false;

  const reach = (atMs: number): Sink => (rest = reached(atMs, head));

  if (dueMs < Infinity) context.at(dueMs, () => void (rest === undefined && !over && reach(dueMs)));
  return {
    head(atMs, given) {
      if (rest !== undefined) return rest.head(atMs, given);
      if (atMs >= dueMs) return reach(dueMs).head(atMs, given);
      if (unit === "head") return reach(atMs).head(atMs, given);
      head = given;
      stream = sendsEvents(given, context);
      if (!stream && unit !== "bytes") left = Infinity;
      next.head(atMs, given);
      if (left <= 0) reach(atMs);
    },
    data(frame) {
      if (rest !== undefined) return rest.data(frame);
      if (frame.atMs >= dueMs) return reach(dueMs).data(frame);
      if (unit === "firstToken" && beginsTokens(frame, stream)) return reach(frame.atMs).data(frame);
      const bytes = unit === "bytes" ? bytesOf(frame.data) : undefined;
      if (bytes !== undefined && bytes.length > left) {
        next.data(partOf(frame, bytes.subarray(0, left), false));
        return reach(frame.atMs).data(partOf(frame, bytes.subarray(left), true));
      }
      next.data(frame);
      left -= bytes?.length ?? (unit === "tokens" ? frame.tokens : 1);
      if (left <= 0) reach(frame.atMs);
    },
    end(atMs, ending) {
      if (rest !== undefined) return rest.end(atMs, ending);
      if (atMs >= dueMs) return reach(dueMs).end(atMs, ending);
      over = true;
      next.end(atMs, ending);
    },
  };
}

function measureOf(point: Point) {
  return "after" in point ? { unit: point.after, count: point.count } : { unit: point.before, count: Infinity };
}

/** Whether nothing that a model said comes before this frame; in a JSON response that is the first with any data. */
function beginsTokens(frame: Frame, stream: boolean): boolean {
  return stream ? frame.tokens > 0 : frame.data.length > 0;
}

/** What a kind does that ends a response in that way at its point; without one, where the head would leave. */
export function endAtPoint(ending: Ending): NonNullable<Fault<PointOptions>["bend"]> {
  return (options, next, context) =>
    untilPoint({ point: pointOf(options) ?? { before: "head" }, next, context }, (atMs) => {
      context.fired();
      next.end(atMs, ending);
      return silence;
    });
}

/**
 * Whether a response is a stream of events, so that its frames are events.
 *
 * The dialect knows: server-sent events, lines of JSON, or the elements of an array.
 */
export function sendsEvents({ status, headers }: Head, { dialect, target }: FaultContext): boolean {
  if (status >= 400) return false;
  const type = headerValue(headers, "content-type");
  return type !== undefined && dialect.readStream(type.toLowerCase(), target) !== undefined;
}

import { z } from "zod";
import type { Head, Sink } from "../types.ts";
import { pointed, pointOf, sendsEvents, silence, untilPoint } from "./engine/point.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = pointed({
  status: z.number().int().min(400).max(599).optional().describe("the failure that the event tells of; 529 by default"),
  message: z.string().optional().describe("replaces the provider's usual message"),
});

type Options = z.infer<typeof options>;

const overloaded = 529;

/** Puts the provider's own error into a stream whose status was 200, and ends it; without a point, before the first token. */
export const errorEvent: Fault<Options> = {
  kind: "error-event",
  summary: "Puts the provider's error event into a stream that began well, and ends it there.",
  options,
  withoutEffect: (_options, { stream }) => (stream === false ? "a JSON response has no events" : undefined),
  bend(options, next, context) {
    const point = pointOf(options) ?? { before: "firstToken" };
    let events = 0;
    const passing: Sink = {
      head: (atMs, head) => next.head(atMs, head),
      data(frame) {
        events += 1;
        next.data(frame);
      },
      end: (atMs, ending) => next.end(atMs, ending),
    };
    return untilPoint({ point, next: passing, context }, (atMs, head) => {
      if (head === undefined) return afterHead(options, next, context);
      if (!sendsEvents(head, context)) return next;
      fail({ next, context, atMs, events }, options);
      return silence;
    });
  },
};

/** An event needs a head before it, so a point before the head has to wait for that. */
function afterHead(options: Options, next: Sink, context: FaultContext): Sink {
  let rest: Sink = next;
  return {
    head(atMs: number, head: Head) {
      next.head(atMs, head);
      if (!sendsEvents(head, context)) return;
      fail({ next, context, atMs, events: 0 }, options);
      rest = silence;
    },
    data: (frame) => rest.data(frame),
    end: (atMs, ending) => rest.end(atMs, ending),
  };
}

/** Where in a stream the event comes: when, and after how many others. */
type Place = {
  readonly next: Sink;
  readonly context: FaultContext;
  readonly atMs: number;
  readonly events: number;
};

function fail({ next, context, atMs, events }: Place, { status = overloaded, message }: Options): void {
  const { dialect, operation, model, requestId, nowMs, target } = context;
  context.fired();
  const told = message === undefined ? {} : { message };
  const failure = { status, ...told, model, requestId, nowMs, target };
  const data = dialect.failureEvent(failure, { operation, events });
  next.data({ atMs, data, tokens: 0, final: false });
  next.end(atMs, "finish");
}

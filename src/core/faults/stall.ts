import { z } from "zod";
import { StuntdoubleError } from "../errors.ts";
import { headerValue } from "../headers.ts";
import type { KeepAliveKind, MakeKeepAlive } from "../dialects/shared/keep-alive.ts";
import { isEventStream } from "../dialects/shared/streams/sse.ts";
import type { Dialect } from "../dialects/types.ts";
import type { Ending, Frame, Head, Sink } from "../types.ts";
import { bytesOf } from "./engine/bytes.ts";
import { envelopeOf, formOf, type Form } from "./engine/events.ts";
import { pointed, pointOf, sendsEvents, silence, untilPoint } from "./engine/point.ts";
import { drawn, leastMs, timeFrom } from "./engine/time.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = pointed({
  forMs: timeFrom(1).optional().describe("how long nothing comes, in milliseconds; for ever by default"),
  with: z
    .enum(["nothing", "comments", "pings", "emptyDeltas"])
    .optional()
    .describe("what keeps the connection alive meanwhile: nothing (default), comments, pings, or deltas without text"),
  everyMs: z.number().int().min(100).optional().describe("time between two of those, in milliseconds; 1000 by default"),
})
  .refine(({ with: kept, everyMs }) => everyMs === undefined || keepsAlive(kept), {
    error: "everyMs needs with, one of comments, pings, emptyDeltas",
  })
  .refine(({ with: kept, afterBytes = 0 }) => afterBytes === 0 || !keepsAlive(kept), {
    error: "afterBytes may be inside of an event, where no other can be sent; give another point, or with: nothing",
  });

type Options = z.infer<typeof options>;

/** So long a stall that never ends is kept alive; then it is silent. */
const longestKeptMs = 3_600_000;

/** Falls silent in the middle, for a time or for ever; without a point, before the first token. */
export const stall: Fault<Options> = {
  kind: "stall",
  summary: "Falls silent in the middle of a response, for a time or for ever, with or without signs of life.",
  options,
  delayMs: ({ forMs }) => (forMs === undefined ? 0 : leastMs(forMs)),
  withoutEffect({ with: kept }, { dialect, operation, stream }) {
    if (dialect === undefined || !keepsAlive(kept)) return undefined;
    if (kept === "comments" && stream === true && dialect.envelope !== undefined)
      return `streams of ${dialect.name} have no comments`;
    return makerOf(kept, dialect, operation) === "none" ? `${operation} of ${dialect.name} has no ${kept}` : undefined;
  },
  bend(options, next, context) {
    const point = pointOf(options) ?? { before: "firstToken" };
    if (!keepsAlive(options.with)) {
      return untilPoint({ point, next, context }, (atMs) => stalled({ atMs, options, next, context }));
    }
    const signs = new SignsOfLife(options.with, next, context);
    return untilPoint({ point, next: signs, context }, (atMs, head) => {
      const stalling = { options, next, context, signs };
      return head === undefined ? afterHead(stalling, signs) : stalled({ atMs, ...stalling });
    });
  },
};

type Sign = "comments" | KeepAliveKind;

function keepsAlive(kept: Sign | "nothing" | undefined): kept is Sign {
  return kept !== undefined && kept !== "nothing";
}

type Stalling = {
  readonly options: Options;
  readonly next: Sink;
  readonly context: FaultContext;
  readonly signs?: SignsOfLife;
};

/** What is sent needs a head before it, so a point before the head has to wait for that. */
function afterHead(stalling: Stalling, signs: SignsOfLife): Sink {
  let rest: Sink = signs;
  return {
    head(atMs, head) {
      signs.head(atMs, head);
      rest = stalled({ atMs, ...stalling });
    },
    data: (frame) => rest.data(frame),
    end: (atMs, ending) => rest.end(atMs, ending),
  };
}

function stalled({ atMs, options, next, context, signs }: Stalling & { readonly atMs: number }): Sink {
  const { forMs, everyMs = 1000 } = options;
  context.fired();
  if (forMs === undefined) {
    if (signs === undefined) next.end(atMs, "stall");
    else keepOn({ atMs, everyMs, next, context, signs });
    return silence;
  }
  const untilMs = atMs + drawn(forMs);
  if (signs !== undefined) for (let dueMs = atMs + everyMs; dueMs < untilMs; dueMs += everyMs) signs.send(dueMs);
  return {
    head: (atMs, head) => next.head(Math.max(atMs, untilMs), head),
    data: (frame) => next.data(frame.atMs < untilMs ? { ...frame, atMs: untilMs } : frame),
    end: (atMs, ending) => next.end(Math.max(atMs, untilMs), ending),
  };
}

type Keeping = Required<Omit<Stalling, "options">> & { readonly atMs: number; readonly everyMs: number };

/** One sign after another, each when the one before it has been sent: nobody knows how many the client waits for. */
function keepOn({ atMs, everyMs, next, context, signs }: Keeping): void {
  context.letGo?.();
  let dueMs = atMs + everyMs;
  const ring = (): void => {
    if (dueMs > atMs + longestKeptMs) return next.end(dueMs, "stall");
    signs.send(dueMs);
    dueMs += everyMs;
    context.at(dueMs, ring);
  };
  context.at(dueMs, ring);
}

/** What can be sent while nothing is said, by what has been. */
class SignsOfLife implements Sink {
  readonly #next: Sink;
  readonly #context: FaultContext;
  readonly #make: MakeKeepAlive | undefined;
  #comment: string | undefined = undefined;
  #isStream = false;
  #form: Form | undefined = undefined;
  #last: string | Uint8Array = "";

  /** @throws CONFIG_INVALID where the API has no such event */
  constructor(kind: Sign, next: Sink, context: FaultContext) {
    this.#next = next;
    this.#context = context;
    const { dialect, operation } = context;
    const make = makerOf(kind, dialect, operation);
    if (make === "none") {
      const instead = dialect.envelope === undefined ? "comments or emptyDeltas" : "emptyDeltas";
      const message = `The fault stall has no ${kind} in the API ${dialect.name} (${operation}); use ${instead}.`;
      throw new StuntdoubleError("CONFIG_INVALID", message);
    }
    this.#make = make;
    if (kind === "comments") this.#comment = "\n";
  }

  head(atMs: number, head: Head): void {
    this.#isStream = sendsEvents(head, this.#context);
    this.#form = formOf(head, this.#context);
    const type = headerValue(head.headers, "content-type")?.toLowerCase() ?? "";
    if (this.#comment !== undefined && isEventStream(type)) this.#comment = ": keep-alive\n\n";
    this.#next.head(atMs, head);
  }

  data(frame: Frame): void {
    // Inside of a JSON response nothing can be sent.
    if (!this.#isStream && frame.data.length > 0) this.#comment = undefined;
    if (!isSign(frame.data)) this.#last = frame.data;
    this.#next.data(frame);
  }

  end(atMs: number, ending: Ending): void {
    this.#next.end(atMs, ending);
  }

  send(atMs: number): void {
    const data = this.#comment ?? this.#made(atMs);
    if (data !== undefined) this.#next.data({ atMs, data, tokens: 0, final: false });
  }

  #made(atMs: number): string | Uint8Array | undefined {
    if (!this.#isStream) return undefined;
    const { dialect, model, requestId, nowMs = 0 } = this.#context;
    const json = envelopeOf(this.#form, dialect)?.open(bytesOf(this.#last));
    return this.#make?.({ last: textOf(json ?? this.#last), model, requestId, nowMs: nowMs + atMs });
  }
}

/** What makes signs of life; `none` where the API has no such sign, and undefined where the form of the response tells. */
function makerOf(kind: Sign, dialect: Dialect, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  const make = dialect.keepAlive?.(kind === "comments" ? "emptyDeltas" : kind, operation);
  if (kind !== "comments") return make;
  return dialect.envelope !== undefined && make !== undefined ? "none" : undefined;
}

const signs = /^\s*(?:$|:|event: ?(?:ping|keepalive)\s)/;

/** Whether the source itself sent it to keep the connection alive, so that it begins or goes on with nothing. */
function isSign(data: string | Uint8Array): boolean {
  return signs.test(textOf(data.slice(0, 32)));
}

const decoder = new TextDecoder();

function textOf(data: string | Uint8Array): string {
  return typeof data === "string" ? data : decoder.decode(data);
}

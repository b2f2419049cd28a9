import { z } from "zod";
import type { Ending, Frame, Head, Sink } from "../types.ts";
import { bytesOf } from "./engine/bytes.ts";
import { headWith } from "./engine/head.ts";
import { sendsEvents } from "./engine/point.ts";
import type { Fault, FaultContext } from "./engine/types.ts";

const options = z.strictObject({
  by: z
    .number()
    .int()
    .refine((bytes) => bytes !== 0, "must not be 0")
    .optional()
    .describe("how many bytes more than the body has, or fewer where it is negative; 100 by default"),
});

/** A longer body is passed on as it is. */
const maxHeldBytes = 8 * 1024 * 1024;

/** A response of these has no body. */
const bodiless: ReadonlySet<number> = new Set([204, 304]);

/** Sends a whole response with a wrong length, and closes its connection after it. */
export const contentLength: Fault<z.infer<typeof options>> = {
  kind: "content-length",
  summary: "Sends a response that is no stream with a content-length that is too large or too small.",
  options,
  ownConnection: "refused",
  withoutEffect: (_options, { stream }) => (stream === true ? "a stream has no length" : undefined),
  bend: ({ by = 100 }, next, context) => new Holding(by, next, context),
};

/** Holds a body back until its length is known. */
class Holding implements Sink {
  readonly #by: number;
  readonly #next: Sink;
  readonly #context: FaultContext;
  #head: Head | undefined = undefined;
  #frames: Frame[] = [];
  #bytes = 0;

  constructor(by: number, next: Sink, context: FaultContext) {
    this.#by = by;
    this.#next = next;
    this.#context = context;
    context.whenLetGo(() => this.#frames);
  }

  head(atMs: number, head: Head): void {
    if (sendsEvents(head, this.#context) || bodiless.has(head.status)) return this.#next.head(atMs, head);
    this.#head = head;
  }

  data(frame: Frame): void {
    if (this.#head === undefined) return this.#next.data(frame);
    this.#frames.push(frame);
    this.#bytes += bytesOf(frame.data).length;
    if (this.#bytes > maxHeldBytes) this.#release(frame.atMs, this.#head);
  }

  end(atMs: number, ending: Ending): void {
    if (this.#head === undefined) return this.#next.end(atMs, ending);
    this.#context.fired();
    const length = Math.max(0, this.#bytes + this.#by);
    this.#release(atMs, headWith(this.#head, "content-length", String(length)));
    this.#next.end(atMs, ending === "finish" ? "cut" : ending);
  }

  #release(atMs: number, head: Head): void {
    this.#head = undefined;
    this.#next.head(atMs, head);
    for (const frame of this.#frames) this.#next.data({ ...frame, atMs });
    this.#frames = [];
  }
}

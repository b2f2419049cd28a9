import type { Receiver } from "../live.ts";
import { headerValue } from "../../core/headers.ts";
import { newNotes, noteUsage } from "../../core/records/notes.ts";
import type { Copied } from "../../core/records/copied.ts";
import type { Ending, Frame, Head } from "../../core/types.ts";
import type { Dialect, StreamReader } from "../../core/dialects/types.ts";
import type { StuntdoubleError } from "../../core/errors.ts";
import type { Breaker, Ticket } from "../../limits/breaker.ts";
import { eventText } from "../usage/event-text.ts";
import { jsonTextOf, KeptJson } from "../usage/kept-json.ts";

/** Times of tokens that are noted. */
const maxTimes = 1001;

/** Whose response is measured, and who is told of it. */
export type Measured = {
  readonly upstream: string;
  readonly dialect: Dialect;
  /** Of the request. */
  readonly target: string;
  /** Of the upstream, and its admission ticket; absent where it has none. */
  readonly breaker?: Pick<Breaker, "failedLate"> | undefined;
  readonly ticket?: Ticket | undefined;
  /** Milliseconds since the copy was sent. */
  now(): number;
  /** Called once. */
  over(copied: Copied | undefined): void;
};

/** Measures a response and keeps nothing of it. */
export class Measuring implements Receiver {
  readonly #of: Measured;
  readonly #atMs: number[] = [];
  readonly #notes = newNotes(0);
  #status = 0;
  #tokens = 0;
  #reader: StreamReader | undefined = undefined;
  #json: KeptJson | undefined = undefined;

  constructor(of: Measured) {
    this.#of = of;
  }

  head({ status, headers }: Head): void {
    this.#status = status;
    if (status >= 500) this.#of.ticket?.failed();
    else this.#of.ticket?.succeeded();
    const plain = headerValue(headers, "content-encoding") === undefined;
    const type = (headerValue(headers, "content-type") ?? "").toLowerCase();
    this.#reader = plain ? this.#of.dialect.readStream(type, this.#of.target) : undefined;
    if (plain && this.#reader === undefined && type.startsWith("application/json")) this.#json = new KeptJson();
  }

  data(bytes: Uint8Array): void {
    this.#json?.add(bytes);
    if (this.#reader === undefined) return;
    const atMs = this.#of.now();
    for (const frame of this.#reader.push(atMs, bytes)) this.#note(frame, atMs);
  }

  end(): void {
    const body = jsonTextOf(this.#json);
    if (body !== undefined) noteUsage(this.#notes, body);
    this.#over("finish");
  }

  handedOver(): void {
    this.#over("finish");
  }

  failed(_error: StuntdoubleError, how: "cut" | "reset" = "reset"): void {
    if (this.#status === 0) {
      this.#of.ticket?.failed();
      return this.#of.over(undefined);
    }
    this.#of.breaker?.failedLate();
    this.#over(how);
  }

  #note(frame: Frame, atMs: number): void {
    this.#tokens += frame.tokens;
    for (let count = frame.tokens; count > 0 && this.#atMs.length < maxTimes; count -= 1) this.#atMs.push(atMs);
    if (frame.tokens > 0 && !frame.final) return;
    noteUsage(this.#notes, eventText(frame, this.#of.dialect));
  }

  #over(ending: Ending): void {
    const outputTokens = this.#notes.usage?.outputTokens;
    const timeline = {
      ttftMs: this.#atMs[0],
      totalMs: this.#of.now(),
      tokens: outputTokens ?? this.#tokens,
      atMs: this.#atMs,
    };
    this.#of.over({ upstream: this.#of.upstream, status: this.#status, ending, timeline, outputTokens });
  }
}

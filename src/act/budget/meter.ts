import type { Receiver } from "../live.ts";
import { headerValue } from "../../core/headers.ts";
import { newNotes, noteUsage } from "../../core/records/notes.ts";
import type { PricedTokens } from "../../core/prices/types.ts";
import type { Frame, Head, HeaderList } from "../../core/types.ts";
import type { Dialect, StreamReader } from "../../core/dialects/types.ts";
import type { StuntdoubleError } from "../../core/errors.ts";
import { eventText } from "../usage/event-text.ts";
import { jsonTextOf, KeptJson } from "../usage/kept-json.ts";
import type { Paid, Spending } from "../../limits/budgets/budget.ts";

/** Bytes of JSON that are taken for a token where no usage is told. */
const bytesPerToken = 4;

/** What is metered. */
export type Metered = {
  readonly dialect: Dialect;
  /** Of the request. */
  readonly target: string;
  /** Counted here; undefined for a request that asks no model. */
  readonly promptTokens: number | undefined;
  readonly spending: Spending;
  /** Told once what it has cost. */
  paid(paid: Paid): void;
};

/** A response on its way to its receiver, whose tokens are taken from a budget when it ends. */
export class Meter implements Receiver {
  readonly #of: Metered;
  #to: Receiver | undefined = undefined;
  readonly #notes = newNotes(0);
  #status = 0;
  #seen = 0;
  #reader: StreamReader | undefined = undefined;
  #json: KeptJson | undefined = undefined;
  #state: "sent" | "whole" | "unreached" = "sent";
  #paid: Paid | undefined = undefined;

  constructor(of: Metered) {
    this.#of = of;
  }

  /** Passes the response on to a receiver. */
  before(to: Receiver): Receiver {
    this.#to = to;
    return this;
  }

  connected(tookMs: number | undefined): void {
    this.#to?.connected?.(tookMs);
  }

  informed(head: Head): void {
    this.#to?.informed?.(head);
  }

  head(head: Head): void {
    this.#status = head.status;
    const plain = headerValue(head.headers, "content-encoding") === undefined;
    const type = (headerValue(head.headers, "content-type") ?? "").toLowerCase();
    this.#reader = plain ? this.#of.dialect.readStream(type, this.#of.target) : undefined;
    if (plain && this.#reader === undefined && type.startsWith("application/json")) this.#json = new KeptJson();
    this.#to?.head(head);
  }

  data(bytes: Uint8Array): void {
    this.#json?.add(bytes);
    for (const frame of this.#reader?.push(0, bytes) ?? []) this.#note(frame);
    this.#to?.data(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#state = "whole";
    const body = jsonTextOf(this.#json);
    if (body !== undefined) noteUsage(this.#notes, body);
    this.settle();
    this.#to?.end(trailers);
  }

  handedOver(): void {
    this.settle();
    this.#to?.handedOver();
  }

  failed(error: StuntdoubleError, how: "cut" | "reset" = "reset"): void {
    if (this.#status === 0 && error.code === "UPSTREAM_CONNECT") this.#state = "unreached";
    this.settle();
    this.#to?.failed(error, how);
  }

  /** The call is over, whichever way. @returns what it has cost, in US dollars; undefined where its model has no price */
  settle(): number | undefined {
    if (this.#paid === undefined) {
      this.#paid = this.#of.spending.settle(this.#used());
      this.#of.paid(this.#paid);
    }
    return this.#paid.costUsd;
  }

  /** The tokens that the provider asks money for, as far as they are told or were seen. */
  #used(): PricedTokens {
    const { usage } = this.#notes;
    const { promptTokens } = this.#of;
    const isRefused = this.#state === "unreached" || this.#status >= 400;
    const counted = isRefused ? 0 : (promptTokens ?? 0);
    const seen = isRefused || promptTokens === undefined ? 0 : this.#seen || this.#estimated();
    const told = usage?.outputTokens;
    // The beginning of a stream can tell an output that has only begun.
    const output = this.#state === "whole" ? (told ?? seen) : Math.max(told ?? 0, seen);
    const { cachedTokens: cached = 0, writtenTokens: written = 0 } = usage ?? {};
    return { prompt: usage?.promptTokens ?? counted, cached, written, output };
  }

  #estimated(): number {
    return Math.ceil((this.#json?.size() ?? 0) / bytesPerToken);
  }

  #note(frame: Frame): void {
    this.#seen += frame.tokens;
    if (frame.tokens > 0 && !frame.final) return;
    noteUsage(this.#notes, eventText(frame, this.#of.dialect));
  }
}

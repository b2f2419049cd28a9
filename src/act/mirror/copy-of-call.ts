import type { Forwarded } from "../live.ts";
import type { Copied, Copy } from "../../core/records/copied.ts";
import type { CopySpan } from "../../core/tracing.ts";
import type { Payment } from "../budget/payment.ts";
import { createTimer } from "../timer-wheel.ts";
import type { CopyResult, Loop } from "../types.ts";

/** Copies of one event loop that are under way or wait, whatever configuration they began with. */
export type CopiesUnderWay = Set<CopyOfCall>;

/** With what one call is copied. */
export type CopyOptions = {
  readonly loop: Loop;
  /** Of the request. */
  readonly bytes: number;
  readonly deadlineMs: number;
  /** Undefined where the upstream has no budget. */
  readonly paid: Payment | undefined;
  /** Begins its span; absent where no traces are made. */
  trace?: (() => CopySpan) | undefined;
  /** @returns undefined where the breaker of the upstream lets no call through */
  send(copy: CopyOfCall): Forwarded | undefined;
  ended(copy: CopyOfCall, end: CopyEnd): void;
};

/** How a copy ended. */
export type CopyEnd = {
  readonly result: CopyResult;
  readonly copied: Copied | undefined;
  /** Undefined where it was not sent, or no traces are made. */
  readonly span: CopySpan | undefined;
};

/** One copied call, from its place in the queue to its end. */
export class CopyOfCall implements Copy {
  readonly bytes: number;
  readonly #options: CopyOptions;
  readonly #deadline = createTimer(() => this.abort("deadline"));
  #isSent = false;
  #sentAtMs = 0;
  #span: CopySpan | undefined = undefined;
  #forwarded: Forwarded | undefined = undefined;
  #state: "under way" | "over" = "under way";
  #copied: Copied | undefined = undefined;
  #task: ((copied: Copied | undefined) => void) | undefined = undefined;

  constructor(options: CopyOptions) {
    this.#options = options;
    this.bytes = options.bytes;
    const { loop, deadlineMs } = options;
    loop.wheel.arm(this.#deadline, loop.clock.now() + deadlineMs);
  }

  start(): void {
    this.#sentAtMs = this.#options.loop.clock.now();
    this.#forwarded = this.#options.send(this);
    if (this.#forwarded === undefined) this.#end("breaker", undefined);
    else this.#isSent = true;
  }

  /** It is sent now. @returns what names its span to the upstream */
  traced(): string | undefined {
    this.#span = this.#options.trace?.();
    return this.#span?.traceparent;
  }

  /** Its deadline has come. */
  isLate(): boolean {
    return this.#options.loop.clock.now() >= this.#deadline.dueMs;
  }

  readonly now = (): number => this.#options.loop.clock.now() - this.#sentAtMs;

  readonly over = (copied: Copied | undefined): void => {
    this.#end(copied === undefined ? "failed" : "measured", copied);
  };

  abort(result: "deadline" | "stopped"): void {
    this.#forwarded?.abort();
    this.#end(result, undefined);
  }

  whenOver(task: (copied: Copied | undefined) => void): void {
    if (this.#state === "over") task(this.#copied);
    else this.#task = task;
  }

  #end(result: CopyResult, copied: Copied | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#copied = copied;
    this.#options.loop.wheel.disarm(this.#deadline);
    if (this.#isSent) this.#options.paid?.settle();
    else this.#options.paid?.cancel();
    this.#options.ended(this, { result, copied, span: this.#span });
    this.#task?.(copied);
    this.#task = undefined;
  }
}

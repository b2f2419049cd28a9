import type { Forwarded } from "../live.ts";
import { attempt } from "../../core/errors.ts";
import { draw } from "../../core/rng.ts";
import type { Copied, Copy } from "../../core/records/copied.ts";
import type { MirrorTo } from "../../core/records/mirror-to.ts";
import type { Rates } from "../../limits/rates.ts";
import type { Payment } from "../budget/payment.ts";
import { isPayment, pay } from "../budget/spend.ts";
import { createTimer } from "../timer-wheel.ts";
import type { CallToCopy, CopyResult, Loop, Mirrors, Request, UpstreamRuntime } from "../types.ts";
import { copiedRequest } from "./copied-request.ts";
import { Measuring } from "./measuring.ts";

/** What mirrors are made with. */
export type MirrorsOptions = {
  readonly seed: number;
  readonly loop: Loop;
  readonly pseudonym: string;
  /** Those that calls are copied to, in the order of their rows among the rates. */
  readonly targets: readonly MirrorTo[];
  readonly rates: Rates;
  /** Of the upstreams, by their names. */
  readonly dialects: ReadonlyMap<string, string>;
};

/** Bytes that the requests of copies under way may have together, of one rule. */
const maxBytes = 64 * 1024 * 1024;

/** Makes the mirrors of one event loop, for one configuration. */
export function createMirrors(options: MirrorsOptions): Mirrors {
  const lanes = new Map(options.targets.map((to, row) => [to, new Lane(to, row, options)]));
  return {
    begin(request, call, { upstreams }) {
      const { copy: to } = call.decision;
      return to === undefined ? undefined : lanes.get(to)?.begin(request, call, upstreams.get(to.upstream));
    },
    stop() {
      for (const lane of lanes.values()) lane.stop();
    },
  };
}

/** The copies of one rule: so many at once, and so many that wait. */
class Lane {
  readonly #to: MirrorTo;
  readonly #row: number;
  readonly #options: MirrorsOptions;
  readonly #running = new Set<CopyOfCall>();
  readonly #waiting: CopyOfCall[] = [];
  /** Of all copies under way. */
  #bytes = 0;

  constructor(to: MirrorTo, row: number, options: MirrorsOptions) {
    this.#to = to;
    this.#row = row;
    this.#options = options;
  }

  begin(request: Request, admitted: CallToCopy, target: UpstreamRuntime | undefined): Copy | undefined {
    const { seed, dialects, pseudonym, loop } = this.#options;
    const { percentage, upstream: name } = this.#to;
    const { id } = admitted.call;
    if (percentage < 100 && draw(seed, `mirror ${admitted.decision.rule}`, id) * 100 >= percentage) return undefined;
    if (target === undefined || !isCopyable(request, admitted, dialects.get(name))) return this.#drop("not-copyable");
    const { credential, upstream } = target;
    const outgoing = attempt(() => copiedRequest(request, { to: this.#to, credential, pseudonym }));
    if (outgoing === undefined) return this.#drop("not-copyable");
    const bytes = request.body?.bytes.length ?? 0;
    const mustWait = this.#running.size >= this.#to.maxConcurrent;
    const isFull = mustWait && this.#waiting.length >= this.#to.queue;
    if (isFull || this.#bytes + bytes > maxBytes) return this.#drop("queue-full");
    if (!this.#mayTake(admitted)) return this.#drop("rate-limited");
    const paid = target.budget && pay(target.budget, target, { request, call: admitted, loop });
    if (paid !== undefined && !isPayment(paid)) return this.#drop("budget-spent");
    const { target: path, dialect } = request;
    const send = (copy: CopyOfCall): Forwarded => {
      const measuring = new Measuring({ upstream: name, dialect, target: path, now: copy.now, over: copy.over });
      return upstream.send(outgoing, paid?.before(measuring) ?? measuring);
    };
    const { deadlineMs } = this.#to;
    const copy = new CopyOfCall({ loop, bytes, send, paid, deadlineMs, ended: this.#ended });
    this.#bytes += bytes;
    if (mustWait) this.#waiting.push(copy);
    else this.#start(copy);
    return copy;
  }

  stop(): void {
    for (const copy of [...this.#waiting, ...this.#running]) copy.abort("stopped");
  }

  readonly #ended = (copy: CopyOfCall, result: CopyResult, copied: Copied | undefined): void => {
    const { loop, rates } = this.#options;
    loop.copied?.(this.#to.upstream, result);
    if (copied !== undefined) rates.settle(this.#row, copied.timeline.tokens);
    this.#bytes -= copy.bytes;
    if (!this.#running.delete(copy)) this.#leaveQueue(copy);
    else if (result !== "stopped") this.#startNext();
  };

  #startNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    // Its timer may be due in the same tick as the one that made room for it.
    if (next.isLate()) {
      next.abort("deadline");
      return this.#startNext();
    }
    this.#leaveQueue(next);
    this.#start(next);
  }

  #leaveQueue(copy: CopyOfCall): void {
    const at = this.#waiting.indexOf(copy);
    if (at !== -1) this.#waiting.splice(at, 1);
  }

  #start(copy: CopyOfCall): void {
    this.#running.add(copy);
    copy.start();
  }

  #mayTake({ call }: CallToCopy): boolean {
    const { rates } = this.#options;
    const tokens = rates.limitsTokens(this.#row) ? (attempt(() => call.facts.promptTokens()) ?? 0) : 0;
    return rates.take(this.#row, tokens).ok;
  }

  #drop(result: CopyResult): undefined {
    this.#options.loop.copied?.(this.#to.upstream, result);
    return undefined;
  }
}

/** Only what the other side understands as well, and what does nothing but ask a model. */
function isCopyable(
  { operation, method, dialect, body }: Request,
  { opened }: CallToCopy,
  other: string | undefined,
): boolean {
  if (operation === undefined || method !== "POST" || body === undefined || dialect.name !== other) return false;
  if (opened === undefined || opened.unreadable !== undefined || opened.facts.model === undefined) return false;
  // What an earlier response is named by, only the upstream that gave it knows.
  return opened.facts.goesOnFrom?.() === undefined;
}

type CopyOptions = {
  readonly loop: Loop;
  /** Of the request. */
  readonly bytes: number;
  readonly deadlineMs: number;
  /** Undefined where the upstream has no budget. */
  readonly paid: Payment | undefined;
  send(copy: CopyOfCall): Forwarded;
  ended(copy: CopyOfCall, result: CopyResult, copied: Copied | undefined): void;
};

/** One copied call. */
class CopyOfCall implements Copy {
  readonly bytes: number;
  readonly #options: CopyOptions;
  readonly #deadline = createTimer(() => this.abort("deadline"));
  #isSent = false;
  #sentAtMs = 0;
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
    this.#isSent = true;
    this.#sentAtMs = this.#options.loop.clock.now();
    this.#forwarded = this.#options.send(this);
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
    if (!this.#isSent) this.#options.paid?.cancel();
    else this.#options.paid?.settle();
    this.#options.ended(this, result, copied);
    this.#task?.(copied);
    this.#task = undefined;
  }
}

import type { Forwarded, Outgoing } from "../live.ts";
import { attempt } from "../../core/errors.ts";
import { draw } from "../../core/rng.ts";
import type { Copy } from "../../core/records/copied.ts";
import type { MirrorTo } from "../../core/records/mirror-to.ts";
import type { Ticket } from "../../limits/breaker.ts";
import type { Rates } from "../../limits/rates.ts";
import type { Payment } from "../budget/payment.ts";
import { isPayment, pay } from "../budget/spend.ts";
import type { CallToCopy, Copier, CopyResult, Loop, Mirrors, Request, UpstreamRuntime } from "../types.ts";
import { copiedRequest } from "./copied-request.ts";
import { CopyOfCall, type CopiesUnderWay, type CopyEnd } from "./copy-of-call.ts";
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
  /** Where the copies stand until they are over. */
  readonly underWay: CopiesUnderWay;
  /** Milliseconds since 1970. */
  wallClockMs(): number;
};

/** Bytes that the requests of copies under way may have together, of one rule. */
const maxBytes = 64 * 1024 * 1024;

/** Makes the mirrors of one event loop, for one configuration. */
export function createMirrors(options: MirrorsOptions): Mirrors {
  const lanes = new Map(options.targets.map((to, row) => [to, new Lane(to, row, options)]));
  return {
    begin(request, call, copier) {
      const { copy: to } = call.decision;
      return to === undefined ? undefined : lanes.get(to)?.begin(request, call, copier);
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

  begin(request: Request, admitted: CallToCopy, { upstreams, span }: Copier): Copy | undefined {
    const { seed, dialects, pseudonym, loop, wallClockMs } = this.#options;
    const { percentage, upstream: name } = this.#to;
    const target = upstreams.get(name);
    const { id } = admitted.call;
    if (percentage < 100 && draw(seed, `mirror ${admitted.decision.rule}`, id) * 100 >= percentage) return undefined;
    if (target === undefined || !isCopyable(request, admitted, dialects.get(name))) return this.#drop("not-copyable");
    const { credential } = target;
    const outgoing = attempt(() => copiedRequest(request, { to: this.#to, credential, pseudonym }));
    if (outgoing === undefined) return this.#drop("not-copyable");
    const bytes = request.body?.bytes.length ?? 0;
    const mustWait = this.#running.size >= this.#to.maxConcurrent;
    const isFull = mustWait && this.#waiting.length >= this.#to.queue;
    if (isFull || this.#bytes + bytes > maxBytes) return this.#drop("queue-full");
    if (target.breaker?.state() === "open") return this.#drop("breaker");
    if (!this.#mayTake(admitted)) return this.#drop("rate-limited");
    const paid = target.budget && pay(target.budget, target, { request, call: admitted, loop });
    if (paid !== undefined && !isPayment(paid)) return this.#drop("budget-spent");
    const send = this.#sending(request, target, { outgoing, paid });
    const trace = span && (() => span.copied(wallClockMs()));
    const about = aboutCopy(request, admitted, name);
    const ended = (of: CopyOfCall, end: CopyEnd): void => {
      end.span?.end(of.now(), { ...about, result: end.result }, end.copied);
      this.#ended(of, end);
    };
    const copy = new CopyOfCall({ loop, bytes, send, paid, trace, deadlineMs: this.#to.deadlineMs, ended });
    this.#options.underWay.add(copy);
    this.#bytes += bytes;
    if (mustWait) this.#waiting.push(copy);
    else this.#start(copy);
    return copy;
  }

  /** What a copy shows counts for the breaker of its upstream as what a call shows does. */
  #sending({ target, dialect }: Request, { upstream, breaker }: UpstreamRuntime, { outgoing, paid }: Sent) {
    return (copy: CopyOfCall): Forwarded | undefined => {
      const ticket = breaker?.admit();
      if (breaker !== undefined && ticket === undefined) return undefined;
      const { now, over } = copy;
      const measured = { upstream: upstream.name, dialect, target, breaker, ticket, now, over };
      const measuring = new Measuring(measured);
      const traceparent = copy.traced();
      if (traceparent !== undefined) outgoing.headers.push("traceparent", traceparent);
      const forwarded = upstream.send(outgoing, paid?.before(measuring) ?? measuring);
      return ticket === undefined ? forwarded : abandoning(forwarded, ticket);
    };
  }

  #ended(copy: CopyOfCall, { result, copied }: CopyEnd): void {
    const { loop, rates, underWay } = this.#options;
    underWay.delete(copy);
    loop.copied?.(this.#to.upstream, result);
    if (copied !== undefined) rates.settle(this.#row, copied.timeline.tokens);
    this.#bytes -= copy.bytes;
    if (!this.#running.delete(copy)) this.#leaveQueue(copy);
    else if (result !== "stopped" && result !== "breaker") this.#startNext();
  }

  #startNext(): void {
    while (this.#running.size < this.#to.maxConcurrent) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#leaveQueue(next);
      // Its timer may be due in the same tick as the one that made room for it.
      if (next.isLate()) next.abort("deadline");
      else this.#start(next);
    }
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

/** What the span of a copy says of its call. */
function aboutCopy({ dialect, operation }: Request, { call, decision }: CallToCopy, upstream: string) {
  const { model, stream } = call.facts;
  return { dialect: dialect.name, operation: operation?.name, model, stream, rule: decision.rule, upstream };
}

/** What is sent, and what its budget was charged. */
type Sent = { readonly outgoing: Outgoing; readonly paid: Payment | undefined };

/** A call under way that tells the breaker when nothing was learned of it. */
function abandoning(forwarded: Forwarded, ticket: Ticket): Forwarded {
  return {
    pause: () => forwarded.pause(),
    resume: () => forwarded.resume(),
    abort() {
      forwarded.abort();
      ticket.abandoned();
    },
  };
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

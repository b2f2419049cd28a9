import type { Receiver } from "../live.ts";
import { attempt, StuntdoubleError } from "../../core/errors.ts";
import type { Spent } from "../../core/budgets/types.ts";
import { budgetText } from "../../core/budgets/windows.ts";
import { isTaken, type Budget } from "../../limits/budgets/budget.ts";
import type { Closed } from "../failures.ts";
import type { CallRecord } from "../outcome.ts";
import type { CallToCopy, Loop, Request, UpstreamRuntime } from "../types.ts";
import { Meter } from "./meter.ts";
import type { Payment } from "./payment.ts";

/** Who takes from a budget, and who is told. */
export type Spender = { readonly request: Request; readonly call: CallToCopy; readonly loop: Loop };

/** Only calls are counted. */
const unmetered = { before: (to: Receiver): Receiver => to, settle: (): undefined => undefined };

/** Where a forwarded call is to be paid. */
type Paying = { readonly budget: Budget; readonly runtime: Pick<UpstreamRuntime, "upstream">; readonly loop: Loop };

/** Takes a call that is forwarded from the budget of its upstream. @returns undefined where it may go on */
export function payFor(call: CallToCopy, record: CallRecord, { budget, runtime, loop }: Paying): Closed | undefined {
  const paid = pay(budget, runtime, { request: record.request, call, loop });
  if (isPayment(paid)) {
    record.payment = paid;
    return undefined;
  }
  record.failed("BUDGET_SPENT");
  return { isSimulated: budget.whenSpent === "simulate", error: (cause) => budgetSpent(paid, cause) };
}

/** Takes a call from the budget of its upstream; nothing where that is spent. */
export function pay(
  budget: Budget,
  { upstream }: Pick<UpstreamRuntime, "upstream">,
  spender: Spender,
): Payment | Spent {
  const { request, call, loop } = spender;
  const { facts } = call.call;
  const asksModel = call.opened !== undefined && request.method === "POST";
  const promptTokens = budget.isMetered && asksModel ? (attempt(() => facts.promptTokens()) ?? 0) : 0;
  const begun = budget.begin({ model: facts.model, promptTokens, asksModel });
  if (!isTaken(begun)) return begun;
  if (!budget.isMetered) return { ...unmetered, cancel: begun.cancel };
  const { dialect, target } = request;
  const meter = new Meter({
    dialect,
    target,
    promptTokens: asksModel ? promptTokens : undefined,
    spending: begun,
    paid: (paid) => loop.paid?.(upstream.name, paid),
  });
  return { before: (to) => meter.before(to), settle: () => meter.settle(), cancel: begun.cancel };
}

/** Whether a call was taken. */
export function isPayment(paid: Payment | Spent): paid is Payment {
  return "settle" in paid;
}

/**
 * A call for which nothing is left.
 *
 * @param cause why no stand-in responds, where one should
 */
function budgetSpent({ upstream, kind, limit, retryAfterMs }: Spent, cause?: unknown): StuntdoubleError {
  const why = cause instanceof Error ? ` No stand-in responds: ${cause.message}` : "";
  const retryAfterSeconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  const message = `The budget of upstream ${upstream} (${budgetText(kind, limit)}) is spent, or this call would pass it. It is renewed in ${retryAfterSeconds} s.${why}`;
  return new StuntdoubleError("BUDGET_SPENT", message, { cause, retryAfterSeconds });
}

/**
 * Takes a WebSocket from a budget: it counts as one call.
 *
 * @throws BUDGET_SPENT where that is spent, or where tokens are limited: those of a WebSocket cannot be counted
 */
export function payForSocket(budget: Budget, upstream: string): void {
  if (budget.isMetered) {
    const message = `Upstream ${upstream} has a budget of tokens or dollars, which no WebSocket can be counted in.`;
    throw new StuntdoubleError("BUDGET_SPENT", message);
  }
  const begun = budget.begin({ model: undefined, promptTokens: 0, asksModel: false });
  if (!isTaken(begun)) throw budgetSpent(begun);
}

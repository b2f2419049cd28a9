import type { Outcome } from "../core/types.ts";
import type { BentCall } from "./chaos.ts";
import type { CallRecord } from "./outcome.ts";
import type { ActDeps, Runtime, Sender } from "./types.ts";

/** An ended call: what was recorded of it, what was sent, and as what its faults know it. */
export type Ended = { readonly record: CallRecord; readonly sent: Sender; readonly bent: BentCall };

/** Tells everyone of an ended call: its experiments, who watches clients, and who gets outcomes. */
export function conclude(
  { chaos, clients, emit }: Pick<ActDeps, "chaos" | "clients" | "emit">,
  ended: Outcome,
  { record, sent, bent }: Ended,
): void {
  const outcome = withMode(ended, sent);
  const { involved, decision } = record;
  if (involved.list.length > 0) chaos.ended(outcome, involved);
  if (decision !== undefined && decision.faults.length > 0) chaos.unbent(bent);
  record.leaveEngine?.();
  record.span?.end(outcome);
  clients?.ended(outcome, record, sent);
  emit(outcome, record.copy);
}

/** What a fault put in place of a real response is none of a provider, and no failure of one. */
function withMode(outcome: Outcome, sent: Sender): Outcome {
  const isReplaced = outcome.faults.length > 0 && sent.response().head?.instead === true;
  return isReplaced ? { ...outcome, mode: "fault" } : outcome;
}

/** Takes the tokens of an ended call from the quota of its key. */
export function settle(
  { actual }: Outcome,
  { rates, sharedRates }: Pick<Runtime, "rates" | "sharedRates">,
  row: number,
): void {
  if (actual.tokens > 0) (sharedRates ?? rates)?.settle(row, actual.tokens);
}

import type { Outcome } from "../../core/types.ts";
import type { CallRecord } from "../outcome.ts";
import type { ActDeps, Sender } from "../types.ts";

/** Tells everyone of an ended call: its experiments, who watches clients, and who gets outcomes. */
export function conclude(
  { chaos, clients, emit }: Pick<ActDeps, "chaos" | "clients" | "emit">,
  outcome: Outcome,
  { record, sent }: { readonly record: CallRecord; readonly sent: Sender },
): void {
  const { involved } = record;
  if (involved.length > 0) chaos.ended(outcome, involved);
  clients?.ended(outcome, record.request, sent);
  emit(outcome);
}

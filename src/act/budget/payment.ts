import type { Receiver } from "../live.ts";

/** What one call takes from a budget. */
export type Payment = {
  /** Has the response metered on its way to a receiver. */
  before(to: Receiver): Receiver;
  /** The call is over. @returns what it has cost, in US dollars; undefined where that is not known */
  settle(): number | undefined;
  /** It was not sent after all. */
  cancel(): void;
};

/** Settles what a call has used, where it was charged at all. @returns its cost in US dollars, where its model has a price */
export function costOf(payment: Payment | undefined): number | undefined {
  return payment?.settle();
}

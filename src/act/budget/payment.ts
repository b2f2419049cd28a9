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

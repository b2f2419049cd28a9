import type { Ending, Timeline } from "../types.ts";

/** What was measured of the response to a copied call. */
export type Copied = {
  readonly upstream: string;
  readonly status: number;
  readonly ending: Ending;
  /** From the time at which the copy was sent. */
  readonly timeline: Timeline;
  /** Output tokens by its usage, where that was told. */
  readonly outputTokens: number | undefined;
};

/** A copy under way. */
export type Copy = {
  /** Calls `task` once, when the copy is over; with nothing where there is nothing to tell of it. */
  whenOver(task: (copied: Copied | undefined) => void): void;
};

/** What one measured call tells of a provider, whatever file it comes from. Times are in milliseconds. */
export type Observation = {
  /** Milliseconds since 1970. */
  readonly time?: number | undefined;
  readonly model?: string | undefined;
  readonly operation?: string | undefined;
  readonly promptTokens?: number | undefined;
  readonly cachedTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly ttftMs?: number | undefined;
  /** Between each token and the next, or each event and the next. */
  readonly gapsMs?: readonly number[] | undefined;
  /** Mean of the gaps, where they are not told one by one. */
  readonly meanGapMs?: number | undefined;
  readonly inFlight?: number | undefined;
  /** Why it is no measurement of speed; absent for a call that ended well. */
  readonly failure?: CallFailure | undefined;
};

/** How a call failed at its provider. */
export type CallFailure =
  | { readonly kind: "status"; readonly status: number }
  /** Broken off after so many tokens. */
  | { readonly kind: "cut" | "reset" | "hang"; readonly afterTokens: number }
  /** Not told how. */
  | { readonly kind: "unknown" };

/** What was read of one source. */
export type ReadSource = {
  readonly observations: readonly Observation[];
  /** Half-written last lines that were passed over. */
  readonly skipped: number;
  /** Calls that are no measurement of a provider, such as those with injected faults. */
  readonly leftOut: number;
  readonly problems: readonly SourceProblem[];
};

/** What is wrong with a source, and in which line, from 1. */
export type SourceProblem = { readonly line: number; readonly message: string };

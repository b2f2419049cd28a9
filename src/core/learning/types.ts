/** What is kept of one call that an upstream served well. Numbers only; times are in milliseconds. */
export type LearnedCall = {
  /** Wall clock at its start, milliseconds since 1970. */
  readonly time: number;
  readonly operation?: string | undefined;
  readonly promptTokens?: number | undefined;
  /** Those that left one by one; of a response in one piece, what its usage tells. */
  readonly outputTokens: number;
  /** Absent for a response in one piece. */
  readonly ttftMs?: number | undefined;
  /** Between the first tokens. */
  readonly gapsMs: readonly number[];
};

/** Calls of one model at one upstream. */
export type CallsOfModel = {
  readonly upstream: string;
  readonly model: string;
  /** The oldest first. */
  readonly calls: readonly LearnedCall[];
};

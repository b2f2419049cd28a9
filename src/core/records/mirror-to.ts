/** Which calls of a rule are copied to an upstream, and how. */
export type MirrorTo = {
  readonly upstream: string;
  /** 0 … 100. */
  readonly percentage: number;
  readonly maxPerMinute?: number | undefined;
  readonly maxTokensPerMinute?: number | undefined;
  readonly stripStore: boolean;
  /** What the body says of who asks is left out. */
  readonly stripUser: boolean;
  readonly deadlineMs: number;
  readonly maxConcurrent: number;
  readonly queue: number;
};

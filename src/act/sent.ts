/** What has really left to the client. */
export type Sent = {
  /** Of the head that was sent; undefined when none was. */
  readonly status: number | undefined;
  readonly tokens: number;
  /** Emission of each token of a stream, from the start of the call. */
  readonly tokenAtMs: readonly number[];
  /** When the first of them were planned to leave, where a plan was played. */
  readonly plannedAtMs: readonly number[];
  /** When it fell silent; the client alone decides how long that lasts. */
  readonly silentAtMs: number | undefined;
  /** Actual − planned emission over all frames sent; undefined when none was. */
  scheduleError(): { readonly mean: number; readonly max: number } | undefined;
};

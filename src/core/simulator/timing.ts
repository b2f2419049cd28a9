/** When the simulator would send what: the part of a simulation that needs no text. */
export type Timing = {
  readonly ttftMs: number;
  /** Emission of each token, from the start of the call: the first is `ttftMs`, the last `totalMs`. Each iteration gives the same. */
  readonly atMs: Iterable<number>;
  readonly totalMs: number;
  /** Tokens of the same time leave in one event; each has an event of its own when absent. */
  readonly together?: true;
};

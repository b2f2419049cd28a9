/** What rules may ask of a call that is not in its request: how it stands to the calls before it. */
export type CallState = {
  /** The number of this attempt of its request, from 1. */
  attempt(): number;
  /**
   * The number of this call among those that were counted for a scope, from 1: counted once for each call, however often it is
   * asked.
   *
   * @param scope who counts
   * @param group what is counted apart from all else; undefined counts all calls, and is never forgotten
   */
  nth(scope: string, group: string | undefined): number;
  /** The same, undefined where neither its caller tells nor an attempt before it was seen. */
  known(): number | undefined;
  /** Its body will be forgotten. */
  keepId?(): void;
  /** Wall clock at its arrival, milliseconds since 1970. */
  wallMs(): number;
};

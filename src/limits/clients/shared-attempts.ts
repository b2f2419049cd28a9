/** Attempts of requests, and numbers of calls, as all nodes together have counted them. */
export type SharedAttempts = {
  /**
   * How many attempts of a request were no success.
   *
   * @param id what all attempts of the request have in common
   * @returns in a bounded time; undefined where the other nodes cannot be asked. Never rejects
   */
  failedBefore(id: string): Promise<number | undefined>;
  /** An attempt was no success. @param livesMs how long its request may be tried again */
  failed(id: string, attempts: number, livesMs: number): void;
  /** An attempt was a success, so its request is not tried again. */
  done(id: string): void;
  /**
   * Counts one more call.
   *
   * @param id of what is counted
   * @param livesMs its count begins anew when no call came for so long
   * @returns its number, from 1, as with `failedBefore`
   */
  next(id: string, livesMs: number): Promise<number | undefined>;
};

/**
 * When what happened to a call, in milliseconds from its start.
 *
 * A record is one of these instead of having one, so that no call makes an object more.
 */
export class CallMarks {
  protected askedMs: number | undefined = undefined;
  protected connectingMs: number | undefined = undefined;
  protected connectedMs: number | undefined = undefined;
  protected headMs: number | undefined = undefined;
  protected upstreamEndedMs: number | undefined = undefined;
  /** Of the faults that took effect, in their order; undefined where none did. */
  protected faultAtMs: number[] | undefined = undefined;

  /** There is a connection to the upstream. @param tookMs how long making it took; undefined where it was there already */
  upstreamConnected(atMs: number, tookMs: number | undefined): void {
    if (tookMs !== undefined) this.connectingMs = atMs - tookMs;
    this.connectedMs = atMs;
  }

  /** Its response has begun. */
  upstreamResponded(atMs: number): void {
    this.headMs = atMs;
  }

  /** Its response has come in whole, or broke. */
  upstreamEnded(atMs: number): void {
    this.upstreamEndedMs = atMs;
  }

  protected markFault(atMs: number): void {
    this.faultAtMs ??= [];
    this.faultAtMs.push(atMs);
  }
}

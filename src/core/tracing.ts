import type { CopyInfo } from "./records/span-of-call.ts";
import type { Copied } from "./records/copied.ts";
import type { HeaderMap, Outcome } from "./types.ts";

/** Begins spans; absent wherever no traces are made. */
export type Tracing = {
  /**
   * The span of a call that has arrived, a child of the caller's where its `traceparent` names one.
   *
   * @param startedAtMs wall time, milliseconds since 1970
   */
  begin(headers: HeaderMap, startedAtMs: number): CallSpan;
};

/** The span of one call, which may be one that is not sampled: then only its ids matter. */
export type CallSpan = {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Names it to the upstream, as the value of the header `traceparent`. */
  readonly traceparent: string;
  /** Notes what happened. @param atMs milliseconds from the arrival of the call */
  event(name: string, atMs: number, attributes?: Readonly<Record<string, string | number>>): void;
  end(outcome: Outcome): void;
  /** The span of a copy of the call, in a trace of its own: who gets the copy learns nothing of the caller's. @param startedAtMs as of `begin` */
  copied(startedAtMs: number): CopySpan;
};

/** The span of one copied call. */
export type CopySpan = {
  /** Names it to the upstream of the copy. */
  readonly traceparent: string;
  /**
   * The copy is over.
   *
   * @param atMs milliseconds since it was sent
   * @param copied what was measured of its response
   */
  end(atMs: number, info: CopyInfo, copied: Copied | undefined): void;
};

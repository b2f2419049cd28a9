/** What a stream sends while its model says nothing. */
export type KeepAliveKind = "pings" | "emptyDeltas";

/** Where in a stream it is sent. */
export type StreamMoment = {
  /** The last event before it, or the JSON in it where events are no text; empty where there is none. */
  readonly last: string;
  readonly model: string | undefined;
  readonly requestId: string;
  /** Wall time in milliseconds since 1970. */
  readonly nowMs: number;
};

/** Makes one such event; undefined where the stream has not come to a place that takes it. */
export type MakeKeepAlive = (moment: StreamMoment) => string | Uint8Array | undefined;

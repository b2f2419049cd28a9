/** Which forwarded calls of a rule are recorded, and where. */
export type RecordSettings = {
  /** The absolute path of the folder. */
  readonly dir: string;
  /** Of the calls that the rule forwards, 0 … 100. */
  readonly percentage: number;
  /** The body of the request is written, too. */
  readonly bodies: boolean;
  /** Max size of one recording, as the bytes of its response. */
  readonly maxBytes: number;
};

/** What is kept of the request of a recording. */
export type RecordedRequest = {
  readonly method: string;
  /** Path with query, credentials masked. */
  readonly target: string;
  readonly dialect: string;
  /** Absent for a path that cannot be simulated. */
  readonly operation?: string | undefined;
  readonly model?: string | undefined;
  readonly stream: boolean;
  readonly promptTokens?: number | undefined;
  /** SHA-256 of the body, in hex; absent where it was not read. */
  readonly bodyHash?: string | undefined;
  /** SHA-256 of what the request means, in hex; absent where that could not be read. */
  readonly semanticHash?: string | undefined;
  /** The body with credentials masked; only where bodies are recorded. */
  readonly body?: string | undefined;
};

/** How the response of a recording ended: properly, or by a break. */
export type RecordedEnding = "finish" | "cut" | "reset";

/** Bytes as they arrived together: as text, or in base64 where they are no UTF-8. */
export type RecordedPiece =
  | { readonly atMs: number; readonly text: string }
  | { readonly atMs: number; readonly base64: string };

/** A recorded response. Every time is in milliseconds from when the upstream was asked. */
export type Recording = {
  /** Name of its file within the folder. */
  readonly file: string;
  /** Wall clock at the start of the call, milliseconds since 1970. */
  readonly time: number;
  /** The request id of the call. */
  readonly id: string;
  readonly rule?: string | undefined;
  readonly upstream?: string | undefined;
  readonly request: RecordedRequest;
  readonly status: number;
  /** Names and values in turn, credentials masked. */
  readonly headers: readonly string[];
  readonly headAtMs: number;
  readonly pieces: readonly RecordedPiece[];
  readonly ending: RecordedEnding;
  readonly endAtMs: number;
};

/** All recordings of one folder. */
export type RecordingFolder = { readonly dir: string; readonly recordings: readonly Recording[] };

import type { RecordedEnding, RecordSettings } from "../../core/recordings/types.ts";
import type { RecordingStart } from "../../core/recordings/lines.ts";
import type { Head } from "../../core/types.ts";

/** Writes recordings behind the calls: none of its methods waits or throws. */
export type RecordingWriter = {
  begin(settings: RecordSettings, recorded: RecordedCall): OpenRecording;
};

/** The call that is recorded. */
export type RecordedCall = {
  /** Wall clock at its start, milliseconds since 1970. */
  readonly time: number;
  /** Bytes of its request that are kept until it is written. */
  readonly bytes: number;
  /** Values that are masked wherever they stand. */
  readonly secrets: readonly string[];
  /** Asked for once, when it is written; with credentials, which are masked before that. */
  start(): RecordingStart;
};

/** A recording that is being written. After `end` or `abandon` nothing more is said; times count from the call of the upstream. */
export type OpenRecording = {
  head(atMs: number, head: Head): void;
  data(atMs: number, bytes: Uint8Array): void;
  end(atMs: number, ending: RecordedEnding): void;
  /** The response was not seen to its end: nothing is kept. */
  abandon(): void;
};

import type { RecordedEnding, RecordSettings } from "../../core/recordings/types.ts";
import type { RecordingStart } from "../../core/recordings/lines.ts";
import type { Head } from "../../core/types.ts";

/** Writes recordings behind the calls: none of its methods waits or throws. */
export type RecordingWriter = {
  /** @param start with credentials, which are masked before it is written */
  begin(settings: RecordSettings, start: RecordingStart, secrets: readonly string[]): OpenRecording;
};

/** A recording that is being written. After `end` or `abandon` nothing more is said; times count from the call of the upstream. */
export type OpenRecording = {
  head(atMs: number, head: Head): void;
  data(atMs: number, bytes: Uint8Array): void;
  end(atMs: number, ending: RecordedEnding): void;
  /** The response was not seen to its end: nothing is kept. */
  abandon(): void;
};

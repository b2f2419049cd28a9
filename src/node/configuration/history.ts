import type { ReloadCause } from "../../admin/resource.ts";
import type { ConfigError } from "../../config/places.ts";

/** The text of a configuration, and what was found in it. */
export type ConfigText = {
  /** The name of its file, or the URL of its store. */
  readonly name: string;
  /** Undefined where it could not be read, or is longer than what is kept. */
  readonly text: string | undefined;
  readonly errors: readonly ConfigError[];
  readonly warnings: readonly ConfigError[];
};

/** How the last attempt to load a configuration ended. */
export type Attempt = {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly ok: boolean;
  readonly cause: ReloadCause;
  /** All of them, each in a line. */
  readonly errors: readonly string[];
  /** Undefined where nothing was read. */
  readonly read: ConfigText | undefined;
};

/** What is kept of the configurations of a node: the last two that were in force, and the last attempt. */
export type ConfigHistory = {
  readonly current: ConfigText | undefined;
  readonly before: ConfigText | undefined;
  readonly last: Attempt | undefined;
};

/** A longer text is not kept: a page could not show it. */
export const maxKeptChars = 512 * 1024;

/** A text as it is kept. */
export function keptText(read: ConfigText): ConfigText {
  return read.text !== undefined && read.text.length > maxKeptChars ? { ...read, text: undefined } : read;
}

/** The history after one more attempt. */
export function afterAttempt(history: ConfigHistory, attempt: Attempt): ConfigHistory {
  const read = attempt.read && keptText(attempt.read);
  const last = { ...attempt, read };
  return attempt.ok ? { current: read, before: history.current, last } : { ...history, last };
}

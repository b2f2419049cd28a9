import type { Reload, ReloadCause } from "../../admin/resource.ts";
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

/** Tells what a load has read. */
type WasRead = (read?: ConfigText) => void;

/** Keeps the history of a node's configuration. */
export type History = {
  now(): ConfigHistory;
  /** The same attempt to load a configuration, of which the outcome is noted. */
  noting<Asked extends ReloadCause>(
    attempt: (asked: Asked, wasRead: WasRead) => Promise<Reload>,
  ): (asked: Asked) => Promise<Reload>;
};

/**
 * Begins with the configuration that a node starts with.
 *
 * @param first undefined where it was read from no text
 * @param wallClockMs milliseconds since 1970
 */
export function createHistory(first: ConfigText | undefined, wallClockMs: () => number): History {
  let history: ConfigHistory = { current: first && keptText(first), before: undefined, last: undefined };
  return {
    now: () => history,
    noting: (attempt) => async (asked) => {
      let read: ConfigText | undefined;
      const result = await attempt(asked, (given) => void (read = given && keptText(given)));
      const { from, by } = asked;
      const cause = { from, ...(by !== undefined && { by }) };
      const last = { atMs: wallClockMs(), ok: result.ok, cause, errors: result.ok ? [] : result.errors, read };
      history = result.ok ? { current: read, before: history.current, last } : { ...history, last };
      return result;
    },
  };
}

function keptText(read: ConfigText): ConfigText {
  return read.text !== undefined && read.text.length > maxKeptChars ? { ...read, text: undefined } : read;
}

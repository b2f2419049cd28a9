import { pino } from "pino";
import { errorTable } from "../core/errors.ts";
import type { Outcome } from "../core/types.ts";
import { redact, redactText } from "./redact.ts";

/** From the most to the least talkative. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Writes JSON lines; what is given to `info`, `warn` and `error` is redacted. */
export type Log = {
  /** One line for an ended call: `warn` when we or the upstream failed, else `info`. */
  outcome(outcome: Outcome): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/** Takes lines one by one and hands them on together. */
export type LineBatch = {
  write(line: string): void;
  /** Hands on what waits, at once. */
  flush(): void;
};

/** When a batch is handed on: after `everyMs` milliseconds, or sooner when `maxBytes` wait. */
export type LineBatchOptions = {
  readonly everyMs: number;
  readonly maxBytes: number;
  /** Runs `task` once after a delay; returns what cancels it. */
  readonly clock: { wake(delayMs: number, task: () => void): () => void };
};

/**
 * Makes a batch that joins lines, so that many calls share one write.
 *
 * @param write  gets whole lines in order; called with at least one line
 */
export function createLineBatch(write: (text: string) => void, options: LineBatchOptions): LineBatch {
  let text = "";
  let bytes = 0;
  let cancel: (() => void) | undefined;
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (bytes === 0) return;
    const full = text;
    text = "";
    bytes = 0;
    write(full);
  };
  return {
    flush,
    write(line) {
      text += line;
      bytes += Buffer.byteLength(line);
      if (bytes >= options.maxBytes) flush();
      else cancel ??= options.clock.wake(options.everyMs, flush);
    },
  };
}

/** Longest text of a caller that a line repeats. */
const maxText = 256;

/**
 * Makes the log of one thread.
 *
 * @param options.level  least severe level that is written
 * @param options.batch  gets the lines, each with its line end
 */
export function createLog(options: { readonly level: LogLevel; readonly batch: LineBatch }): Log {
  const logger = pino(
    { level: options.level, base: null, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => options.batch.write(line) },
  );
  const say = (level: "info" | "warn" | "error", details: object, message: string): void => {
    if (logger.isLevelEnabled(level)) logger[level](shownDetails(details), redactText(message));
  };
  return {
    outcome(outcome) {
      const reason = reasonOf(outcome.cause);
      const level = reason === undefined ? "info" : "warn";
      if (logger.isLevelEnabled(level)) logger[level](lineOf(outcome, reason), "call");
    },
    info: (details, message) => say("info", details, message),
    warn: (details, message) => say("warn", details, message),
    error: (details, message) => say("error", details, message),
  };
}

/** An error given by itself stands under `error`, as in any other details. */
function shownDetails(details: object): unknown {
  return redact(details instanceof Error ? { error: details } : details);
}

/** Why a call failed, when it was not the caller's doing. */
function reasonOf(cause: string | undefined): string | undefined {
  if (cause === undefined) return undefined;
  const known = (errorTable as Readonly<Record<string, { status: number; summary: string }>>)[cause];
  return known !== undefined && known.status >= 500 ? known.summary : undefined;
}

function lineOf(outcome: Outcome, reason: string | undefined): object {
  return {
    id: short(outcome.id),
    method: outcome.method,
    route: short(outcome.route),
    model: short(outcome.model),
    stream: outcome.stream,
    rule: outcome.rule,
    mode: outcome.mode,
    upstream: outcome.upstream,
    profile: outcome.profile,
    status: outcome.status,
    ending: outcome.ending,
    cause: outcome.cause,
    reason,
    faults: outcome.faults.length === 0 ? undefined : outcome.faults,
    standIn: outcome.standIn ? true : undefined,
    key: outcome.keyName,
    client: outcome.client,
    promptTokens: outcome.promptTokens,
    outputTokens: outcome.actual.tokens,
    queueMs: rounded(outcome.queueMs),
    ttftMs: rounded(outcome.actual.ttftMs),
    totalMs: rounded(outcome.actual.totalMs),
    plannedTtftMs: rounded(outcome.planned?.ttftMs),
    overheadMs: rounded(outcome.overheadMs),
  };
}

function short(text: string): string;
function short(text: string | undefined): string | undefined;
function short(text: string | undefined): string | undefined {
  return text === undefined || text.length <= maxText ? text : `${text.slice(0, maxText)}…`;
}

/** To the microsecond. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000;
}

import { pino } from "pino";
import { errorTable } from "../core/errors.ts";
import type { Outcome } from "../core/types.ts";
import { redact, redactText } from "./redact.ts";

/** From the most to the least verbose. */
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

/** When a batch is handed on: after `everyMs` milliseconds, or sooner when `maxChars` characters wait. */
export type LineBatchOptions = {
  readonly everyMs: number;
  readonly maxChars: number;
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
  let chars = 0;
  let cancel: (() => void) | undefined;
  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    if (chars === 0) return;
    const full = text;
    text = "";
    chars = 0;
    write(full);
  };
  return {
    flush,
    write(line) {
      text += line;
      chars += line.length;
      if (chars >= options.maxChars) flush();
      else cancel ??= options.clock.wake(options.everyMs, flush);
    },
  };
}

/** Max length of a caller's text in a line. */
const maxText = 256;

/** What a log is made with. */
export type LogOptions = {
  /** Minimum level that is written. */
  readonly level: LogLevel;
  /** Form of `time`; milliseconds since 1970 unless told. */
  readonly time?: "epoch" | "iso";
  /** Gets the lines, each with its line end. */
  readonly batch: LineBatch;
  /** Time of each line: milliseconds since 1970. */
  wallClockMs(): number;
};

/** Makes the log of one thread. */
export function createLog({ level: minimum, time = "epoch", batch, wallClockMs }: LogOptions): Log {
  const timeText = time === "epoch" ? () => String(wallClockMs()) : () => `"${new Date(wallClockMs()).toISOString()}"`;
  const logger = pino(
    {
      level: minimum,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":${timeText()}`,
    },
    { write: (line: string) => batch.write(line) },
  );
  const say = (level: "info" | "warn" | "error", details: object, message: string): void => {
    if (logger.isLevelEnabled(level)) logger[level](shownDetails(details), redactText(message));
  };
  return {
    outcome(outcome) {
      const reason = reasonOf(outcome.cause);
      const level = reason === undefined ? "info" : "warn";
      if (logger.isLevelEnabled(level))
        batch.write(`{"level":"${level}","time":${timeText()}${fieldsOf(outcome, reason)}}\n`);
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

const errors: Readonly<Record<string, { status: number; summary: string }>> = errorTable;

/** Why a call failed, when it was not the caller's doing. */
function reasonOf(cause: string | undefined): string | undefined {
  if (cause === undefined) return undefined;
  const known = errors[cause];
  return known !== undefined && known.status >= 500 ? known.summary : undefined;
}

/** The members of the line of a call, made by hand: it is written for every call, and pino's general way costs four times as much. */
function fieldsOf(outcome: Outcome, reason: string | undefined): string {
  const { actual, planned } = outcome;
  return (
    `,"id":${quoted(outcome.id)}` +
    text("upstreamRequestId", outcome.upstreamRequestId) +
    text("traceId", outcome.traceId) +
    number("attempt", outcome.attempt) +
    `,"method":${quoted(outcome.method)},"route":${quoted(outcome.route)}` +
    text("model", outcome.model) +
    `,"stream":${outcome.stream},"rule":${quoted(outcome.rule)},"mode":"${outcome.mode}"` +
    text("upstream", outcome.upstream) +
    text("profile", outcome.profile) +
    `,"status":${outcome.status},"ending":"${outcome.ending}"` +
    text("cause", outcome.cause) +
    text("reason", reason) +
    (outcome.faults.length === 0 ? "" : `,"faults":${JSON.stringify(outcome.faults)}`) +
    (outcome.experiments.length === 0 ? "" : `,"experiments":${JSON.stringify(outcome.experiments)}`) +
    (outcome.standIn ? `,"standIn":true` : "") +
    text("key", outcome.keyName) +
    `,"client":${quoted(outcome.client)}` +
    number("promptTokens", outcome.promptTokens) +
    (outcome.costUsd === undefined ? "" : `,"costUsd":${outcome.costUsd}`) +
    `,"outputTokens":${actual.tokens},"queueMs":${rounded(outcome.queueMs)}` +
    number("ttftMs", actual.ttftMs) +
    `,"totalMs":${rounded(actual.totalMs)}` +
    number("plannedTtftMs", planned?.ttftMs) +
    `,"overheadMs":${rounded(outcome.overheadMs)},"msg":"call"`
  );
}

function text(name: string, value: string | undefined): string {
  return value === undefined ? "" : `,"${name}":${quoted(value)}`;
}

function number(name: string, value: number | undefined): string {
  return value === undefined ? "" : `,"${name}":${rounded(value)}`;
}

/** Letters, digits and the marks of names and paths stand in JSON as they are. */
const plain = /^[\w ./:@+-]*$/;

function quoted(value: string): string {
  const shown = value.length > maxText ? `${value.slice(0, maxText)}…` : value;
  return plain.test(shown) ? `"${shown}"` : JSON.stringify(shown);
}

/** To the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

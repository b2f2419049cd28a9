import { parseArgs } from "node:util";
import { StuntdoubleError } from "../core/errors.ts";
import { nearestOf } from "../core/issues.ts";
import type { LineStream } from "../emit/line-output.ts";
import type { Terminal } from "./terminal/types.ts";

/** What a command may use of the process it runs in. */
export type Io = {
  out(text: string): void;
  err(text: string): void;
  /** Where the log of a node goes. */
  readonly log: LineStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  /** All that comes in on standard input. */
  readInput(): Promise<Uint8Array>;
  /** Resolves with the signal that asks the process to stop. */
  readonly untilStopped: Promise<string>;
  /** Calls `task` for each request to load the configuration again. */
  onHangup(task: () => void): void;
  /** Calls `task` for each signal that asks for the kill switch. */
  onKillSwitch(task: () => void): void;
  /** Ends the process after that time, even where nobody reads what it has written; sooner when nothing is left to do. */
  exitWithin(limitMs: number): void;
  /** Absent where standard output is none. */
  readonly terminal?: Terminal | undefined;
  /** Whether standard error is a terminal, on which progress can be shown. */
  readonly hasErrorTerminal?: boolean;
  /** Resolves when nobody reads standard output any more. */
  readonly untilUnread?: Promise<void>;
};

/** One command of the program. `run` gives the exit code. */
export type Command = {
  readonly name: string;
  readonly summary: string;
  /** Text of `--help`, with examples. */
  readonly usage: string;
  run(args: readonly string[], io: Io): Promise<number>;
};

type Kinds = Readonly<Record<string, "string" | "boolean">>;
type Flags<Wanted extends Kinds> = {
  readonly [Flag in keyof Wanted]?: Wanted[Flag] extends "string" ? string : boolean;
};

/**
 * Reads `--name VALUE`, `--name=VALUE` and `--name`.
 *
 * @throws CONFIG_INVALID for a flag that is not known, lacks its value, or for anything that is no flag
 */
export function parseFlags<Wanted extends Kinds>(args: readonly string[], kinds: Wanted): Flags<Wanted> {
  const { flags, words } = parseWords(args, kinds);
  if (words[0] !== undefined) throw new StuntdoubleError("CONFIG_INVALID", `unexpected argument "${words[0]}".`);
  return flags;
}

/**
 * The same with words between the flags, in their order.
 *
 * @throws CONFIG_INVALID for a flag that is not known or lacks its value
 */
export function parseWords<Wanted extends Kinds>(
  args: readonly string[],
  kinds: Wanted,
): { flags: Flags<Wanted>; words: readonly string[] } {
  const options = Object.fromEntries(Object.entries(kinds).map(([flag, type]) => [flag, { type, ...shortOf(flag) }]));
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    const error = token.kind === "option" ? mistakeIn(token, kinds) : undefined;
    if (error !== undefined) throw new StuntdoubleError("CONFIG_INVALID", `${error}.`);
  }
  return { flags: values as Flags<Wanted>, words: positionals };
}

/** The only flag with a short form is the one that is short everywhere. */
function shortOf(flag: string): { readonly short: string } | undefined {
  return flag === "output" ? { short: "o" } : undefined;
}

type Option = {
  readonly name: string;
  /** As it was written. */
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

/** What is wrong with a flag, without a full stop. */
function mistakeIn({ name, rawName, value, inlineValue }: Option, kinds: Kinds): string | undefined {
  const isWritten = rawName.startsWith("--") || rawName === `-${shortOf(name)?.short}`;
  const kind = isWritten && Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (kind === undefined) {
    const allowed = Object.keys(kinds).map((flag) => `--${flag}`);
    const nearest = nearestOf(rawName, allowed);
    const meant = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
    return `unknown option ${rawName}.${meant} Allowed: ${allowed.join(", ")}`;
  }
  if (kind === "boolean") return value === undefined ? undefined : `${rawName} takes no value`;
  const missing = value === undefined || (inlineValue === false && value.startsWith("-"));
  return missing ? `${rawName} needs a value` : undefined;
}

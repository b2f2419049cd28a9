import type { Io } from "../args.ts";

/** How a piece of text stands out. */
export type Tone = "plain" | "bold" | "dim" | "good" | "warn" | "bad";

/** Gives a text its tone; the text alone where there are no colours. */
export type Style = (tone: Tone, text: string) => string;

const codes: Readonly<Record<Exclude<Tone, "plain">, number>> = { bold: 1, dim: 2, good: 32, warn: 33, bad: 31 };

/**
 * Colours only on a terminal that has them, and not where `NO_COLOR` is set.
 *
 * @see https://no-color.org
 */
export function styleFor({ terminal, env }: Pick<Io, "terminal" | "env">): Style {
  const unwanted = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  if (terminal === undefined || unwanted) return (_tone, text) => text;
  return (tone, text) => (tone === "plain" ? text : `\u001B[${codes[tone]}m${text}\u001B[0m`);
}

import { countOf, type Part } from "../answer.ts";
import type { Script } from "./types.ts";

/** A script that may have been cut off, and the text at which it was. */
export type Stopped = { readonly script: Script; readonly stop: string | undefined };

/**
 * The script cut off where the first of some texts would begin in what is said; thinking and tool calls do not count.
 *
 * @param stops not empty texts
 * @returns the script itself when none of them occurs
 */
export function stopAt(script: Script, stops: readonly string[]): Stopped {
  if (stops.length === 0) return { script, stop: undefined };
  for (const [index, part] of script.parts.entries()) {
    const found = part.kind === "text" ? firstOf(part.text, stops) : undefined;
    if (found === undefined) continue;
    const said = partUpTo(part, found.at);
    const parts = [...script.parts.slice(0, index), ...(said.tokens.length > 0 ? [said] : [])];
    return { script: { ...script, parts, timing: timingOf(script, parts) }, stop: found.stop };
  }
  return { script, stop: undefined };
}

function firstOf(text: string, stops: readonly string[]): { readonly at: number; readonly stop: string } | undefined {
  let first: { at: number; stop: string } | undefined;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && (first === undefined || at < first.at)) first = { at, stop };
  }
  return first;
}

function partUpTo(part: Part, end: number): Part {
  const tokens: string[] = [];
  let length = 0;
  for (const token of part.tokens) {
    if (length >= end) break;
    tokens.push(token.slice(0, end - length));
    length += token.length;
  }
  return { ...part, tokens, text: part.text.slice(0, end) };
}

function timingOf({ timing }: Script, parts: readonly Part[]): Script["timing"] {
  const atMs = timing.atMs.slice(0, countOf(parts));
  return { ttftMs: timing.ttftMs, atMs, totalMs: atMs.at(-1) ?? timing.ttftMs };
}

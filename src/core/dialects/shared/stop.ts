import { countOf, firstChars, type Part } from "../../simulator/parts.ts";
import type { Timing } from "../../simulator/timing.ts";
import type { Script } from "../types.ts";

/** A script that may have been cut off, and the text at which it was. */
export type Stopped = { readonly script: Script; readonly stop: string | undefined };

/**
 * The script cut off where the first of some texts would begin in what is said; reasoning and calls of tools do not count.
 *
 * @param stops empty ones count as none
 * @returns the script itself when none of them occurs
 */
export function stopAt(script: Script, stops: readonly string[]): Stopped {
  const stopped = stops.length === 0 ? undefined : stopIn(script.parts, stops);
  if (stopped === undefined) return { script, stop: undefined };
  const { parts, stop } = stopped;
  return { script: { ...script, parts, finish: "stop", timing: timingOf(script, countOf(parts)) }, stop };
}

/**
 * The parts before the first of some texts.
 *
 * @returns undefined when none of them occurs
 */
export function stopIn(
  parts: readonly Part[],
  stops: readonly string[],
): { readonly parts: readonly Part[]; readonly stop: string } | undefined {
  for (const [index, part] of parts.entries()) {
    const found = part.kind === "text" ? firstOf(stops, part.text) : undefined;
    if (found !== undefined) {
      const before = found.at === 0 ? [] : [firstChars(part, found.at)];
      return { parts: [...parts.slice(0, index), ...before], stop: found.stop };
    }
  }
  return undefined;
}

/** When the first so many tokens of a script leave; `atMs` goes on beyond them. */
export function timingOf({ timing }: Script, tokens: number): Timing {
  const { atMs, ttftMs } = timing;
  let totalMs = ttftMs;
  let left = tokens;
  for (const whenMs of atMs) {
    if (left === 0) break;
    totalMs = whenMs;
    left -= 1;
  }
  return { ...timing, totalMs };
}

function firstOf(stops: readonly string[], text: string): { readonly at: number; readonly stop: string } | undefined {
  let first: { at: number; stop: string } | undefined;
  for (const stop of stops) {
    const at = stop === "" ? -1 : text.indexOf(stop);
    if (at !== -1 && (first === undefined || at < first.at)) first = { at, stop };
  }
  return first;
}

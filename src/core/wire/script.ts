import type { Part } from "../answer.ts";
import type { Script } from "./types.ts";

/** Takes one piece of an answer: a token of a part, or a call of a tool as a whole. */
export type Visit = (part: Part, text: string, atMs: number, tokens: number) => void;

/**
 * Goes through what is said, token by token, in the order of time; the arguments of a call come in one piece.
 *
 * @param hides says which parts the caller does not get to see; their tokens count to the piece that follows
 * @param visit gets the text, the time when it is complete, and how many tokens it stands for
 * @returns tokens that no piece stands for, because nothing followed them
 */
export function eachPiece({ parts, timing }: Script, hides: (part: Part) => boolean, visit: Visit): number {
  let at = 0;
  let waiting = 0;
  for (const part of parts) {
    if (hides(part) || part.kind === "call") {
      at += part.tokens.length;
      waiting += part.tokens.length;
      if (hides(part)) continue;
      visit(part, part.text, timing.atMs[at - 1] ?? timing.totalMs, waiting);
      waiting = 0;
      continue;
    }
    for (const token of part.tokens) {
      const atMs = timing.atMs[at]!;
      at += 1;
      waiting += 1;
      // A character of several tokens stands at the last of them.
      if (token === "") continue;
      visit(part, token, atMs, waiting);
      waiting = 0;
    }
  }
  return waiting;
}

/** When the last token leaves. */
export function lastTokenMs({ timing }: Script): number {
  return timing.atMs.at(-1) ?? timing.ttftMs;
}

/** How many tokens the parts of a kind have. */
export function tokensOfKind(parts: readonly Part[], kind: Part["kind"]): number {
  let tokens = 0;
  for (const part of parts) if (part.kind === kind) tokens += part.count ?? part.tokens.length;
  return tokens;
}

/**
 * Whether a call of a tool was broken off by the limit on tokens, so that its arguments are no JSON.
 *
 * Only the last part can be.
 */
export function isBroken(part: Part, { parts, finish }: Script): boolean {
  if (finish !== "length" || part.kind !== "call" || part !== parts.at(-1)) return false;
  try {
    JSON.parse(part.text);
    return false;
  } catch {
    return true;
  }
}

/**
 * The script cut off where the first of some texts would begin in its text; reasoning and calls are not searched.
 *
 * @param stops texts; empty ones count as none
 * @returns the script itself when none of them occurs
 */
export function stoppedBefore(script: Script, stops: readonly string[]): Script {
  let before = 0;
  for (const [index, part] of script.parts.entries()) {
    const end = part.kind === "text" ? firstOf(stops, part.text) : undefined;
    if (end === undefined) {
      before += part.tokens.length;
      continue;
    }
    const tokens = upTo(part.tokens, end);
    const parts = [...script.parts.slice(0, index), { ...part, tokens, text: part.text.slice(0, end) }];
    const { ttftMs } = script.timing;
    const atMs = script.timing.atMs.slice(0, before + tokens.length);
    return { ...script, parts, finish: "stop", timing: { ttftMs, atMs, totalMs: atMs.at(-1) ?? ttftMs } };
  }
  return script;
}

function firstOf(stops: readonly string[], text: string): number | undefined {
  let first: number | undefined;
  for (const stop of stops) {
    const at = stop === "" ? -1 : text.indexOf(stop);
    if (at !== -1 && (first === undefined || at < first)) first = at;
  }
  return first;
}

function upTo(tokens: readonly string[], end: number): string[] {
  const kept: string[] = [];
  let length = 0;
  for (const token of tokens) {
    if (length >= end) break;
    kept.push(token.slice(0, end - length));
    length += token.length;
  }
  return kept;
}

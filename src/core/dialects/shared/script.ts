import type { Part } from "../../simulator/parts.ts";
import type { Script } from "../types.ts";

/** A token of a part, or a call of a tool as a whole: its text, when it is complete, and how many tokens it stands for. */
export type Piece = { readonly text: string; readonly atMs: number; readonly tokens: number };

/** Takes one piece of a response. */
export type Visit = (part: Part, piece: Piece) => void;

/**
 * Goes through what is said, token by token, in the order of time; the arguments of a call come in one piece.
 *
 * @param hides says which parts the caller does not get to see; their tokens count to the piece that follows
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
      visit(part, { text: part.text, atMs: timing.atMs[at - 1] ?? timing.totalMs, tokens: waiting });
      waiting = 0;
      continue;
    }
    for (const token of part.tokens) {
      const atMs = timing.atMs[at] ?? timing.totalMs;
      at += 1;
      waiting += 1;
      // A character of several tokens stands at the last of them.
      if (token === "") continue;
      visit(part, { text: token, atMs, tokens: waiting });
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

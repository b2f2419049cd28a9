import type { Rng } from "../types.ts";
import type { Prose } from "./text.ts";

/** What a model says: some text, its reasoning, a refusal, or a call of a tool. `tokens` joined are `text`. */
export type Part = CutPart | Prose;

/** A part whose tokens are there, a plain record. */
export type CutPart = {
  readonly kind: "text" | "reasoning" | "refusal" | "call";
  readonly tokens: readonly string[];
  readonly count?: undefined;
  /** Of a call: its arguments, a JSON object. */
  readonly text: string;
  /** Of a call: the name of the tool, and its id where that is given. */
  readonly name?: string;
  readonly id?: string;
};

/**
 * Makes the parts of a response of about so many tokens.
 *
 * @param max prose beyond so many tokens is not wanted and need not be made; all of it is without one
 */
export type Compose = (tokens: number, rng: Rng, max?: number) => readonly Part[];

/** How many tokens parts have together. */
export function countOf(parts: readonly Part[]): number {
  let tokens = 0;
  for (const part of parts) tokens += part.count ?? part.tokens.length;
  return tokens;
}

/** A part of the same kind, name and id that says these tokens. */
export function withTokens({ kind, name, id }: Part, tokens: readonly string[]): CutPart {
  const text = tokens.join("");
  if (name === undefined) return { kind, tokens, text };
  return { kind, tokens, text, name, ...(id !== undefined && { id }) };
}

/**
 * The first so many tokens of a response.
 *
 * @param max ≥ 0
 * @returns `parts` itself when it has no more
 */
export function cutAt(parts: readonly Part[], max: number): readonly Part[] {
  if (countOf(parts) <= max) return parts;
  const kept: Part[] = [];
  let left = max;
  for (const part of parts) {
    if (left === 0) break;
    const tokens = part.tokens.slice(0, left);
    left -= tokens.length;
    kept.push(tokens.length === part.tokens.length ? part : withTokens(part, tokens));
  }
  return kept;
}

/** The text of all parts of a kind, joined. */
export function textOfKind(parts: readonly Part[], kind: Part["kind"]): string {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only.kind === kind ? only.text : "";
  return parts
    .filter((part) => part.kind === kind)
    .map(({ text }) => text)
    .join("");
}

import type { SeededRng } from "../rng.ts";
import { Prose } from "./text.ts";

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
export type Compose = (tokens: number, rng: SeededRng, max?: number) => readonly Part[];

/** How many tokens a part has. */
export function sizeOf(part: Part): number {
  return part.count ?? part.tokens.length;
}

/** The tokens of a part one by one. */
export function tokensOf(part: Part): Iterable<string> {
  return part instanceof Prose ? part : part.tokens;
}

/** How many tokens parts have together. */
export function countOf(parts: readonly Part[]): number {
  let tokens = 0;
  for (const part of parts) tokens += sizeOf(part);
  return tokens;
}

/** A part of the same kind, name and id that says these tokens. */
function withTokens({ kind, name, id }: Pick<CutPart, "kind" | "name" | "id">, tokens: readonly string[]): CutPart {
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
    const tokens = Math.min(left, sizeOf(part));
    left -= tokens;
    kept.push(tokens === sizeOf(part) ? part : firstTokens(part, tokens));
  }
  return kept;
}

function firstTokens(part: Part, tokens: number): Part {
  return part instanceof Prose ? part.first(tokens) : withTokens(part, part.tokens.slice(0, tokens));
}

/** The first so many characters of a part; the last token may be a part of one. */
export function firstChars(part: Part, chars: number): Part {
  if (part instanceof Prose) return part.firstChars(chars);
  const tokens: string[] = [];
  let length = 0;
  for (const token of part.tokens) {
    if (length >= chars) break;
    tokens.push(token.slice(0, chars - length));
    length += token.length;
  }
  return withTokens(part, tokens);
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

import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { CountTokens } from "./wire/types.ts";

/**
 * Texts up to this length are counted exactly. 100 characters cost about 5 µs, 4 KB about 400 µs: beyond this the exact
 * count would cost more than the rest of a request.
 */
const exactUpToChars = 1000;
/** Prompts repeat (system messages above all); so many recent counts are kept. */
const remembered = 512;
const worthRemembering = 24;

/**
 * Makes a counter of o200k_base tokens: exact for short texts, an estimate within 10 % for long ones.
 *
 * @returns never throws
 */
export function createTokenCounter(): CountTokens {
  let recent = new Map<string, number>();
  let older = new Map<string, number>();
  return (text) => {
    if (text.length > exactUpToChars) return estimateTokens(text);
    if (text.length < worthRemembering) return exact(text);
    const known = recent.get(text) ?? older.get(text);
    if (known !== undefined) return known;
    const tokens = exact(text);
    recent.set(text, tokens);
    if (recent.size >= remembered) {
      older = recent;
      recent = new Map();
    }
    return tokens;
  };
}

/** Special tokens are plain text here: a caller may write about them. */
function exact(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set() });
}

const letter = 1;
const digit = 2;
const blank = 3;
const newline = 4;
const mark = 5;
const ideograph = 6;
const otherLetter = 7;

function classOf(code: number): number {
  if (code < 128) return asciiClass[code]!;
  if ((code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af)) return ideograph;
  return otherLetter;
}

const asciiClass = Uint8Array.from({ length: 128 }, (_, code) => {
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122)) return letter;
  if (code >= 48 && code <= 57) return digit;
  if (code === 10 || code === 13) return newline;
  if (code === 32 || code === 9) return blank;
  return mark;
});

/**
 * Estimates the o200k_base tokens of a text by the kinds of its characters, in one pass.
 *
 * The weights were fitted to English prose, source code, JSON and European and East Asian prose.
 *
 * @returns whole number ≥ 0
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let index = 0;
  while (index < text.length) {
    const kind = classOf(text.charCodeAt(index));
    const start = index;
    do index += 1;
    while (index < text.length && classOf(text.charCodeAt(index)) === kind);
    tokens += runTokens(kind, index - start);
  }
  return Math.round(tokens);
}

/** Tokens of a run of characters of one kind. */
function runTokens(kind: number, length: number): number {
  switch (kind) {
    case letter:
      return length <= 7 ? 1 : 1 + (length - 7) * 0.13;
    case digit:
      return Math.ceil(length / 3);
    case blank:
      return length === 1 ? 0 : 0.9;
    case newline:
      return 0.6;
    case mark:
      return length === 1 ? 0.85 : 0.4 + length * 0.3;
    case ideograph:
      return length * 0.75;
    default:
      return 0.3 + length * 0.3;
  }
}

import ranks from "gpt-tokenizer/bpeRanks/o200k_base";
import { countTokens, encode } from "gpt-tokenizer/encoding/o200k_base";
import type { CountTokens } from "../dialects/types.ts";

/** 100 characters cost about 5 µs, 4 KB about 400 µs: beyond this an exact count would cost more than the rest of a request. */
const defaultExactUpToChars = 1000;
/** Prompts repeat (system messages above all): at least this many recent counts are kept, at most twice as many. */
const remembered = 512;
const worthRemembering = 24;

/** The tokenizer's time grows with the square of a run without blanks or marks: 1,000 ideographs in one run cost 7 ms. */
const maxExactRunLength = 100;

/** Special tokens are plain text here: a caller may write about them. */
const allAsText = { disallowedSpecial: new Set<string>() };

/**
 * Makes a counter of o200k_base tokens: exact for short texts, an estimate for long ones.
 *
 * The estimate is within 10 % on English prose, source code and JSON. A text with a run of more than 100 characters
 * without a blank or mark is estimated too, whatever its length.
 *
 * @param options.exactUpToChars max length of a text that is counted exactly, characters ≥ 0; 1,000 by default
 * @returns a counter that never throws
 * @throws RangeError when `exactUpToChars` is no number of at least 0
 */
export function createTokenCounter(options: { exactUpToChars?: number } = {}): CountTokens {
  const { exactUpToChars = defaultExactUpToChars } = options;
  if (!(exactUpToChars >= 0))
    throw new RangeError(`exactUpToChars must be a number of at least 0, got ${exactUpToChars}`);
  let recent = new Map<string, number>();
  let older = new Map<string, number>();
  return (text) => {
    if (text.length > exactUpToChars) return estimateTokens(text);
    if (text.length < worthRemembering) return countTokens(text, allAsText);
    const known = recent.get(text);
    if (known !== undefined) return known;
    const tokens = older.get(text) ?? (hasLongRun(text) ? estimateTokens(text) : countTokens(text, allAsText));
    recent.set(text, tokens);
    if (recent.size >= remembered) {
      older = recent;
      recent = new Map();
    }
    return tokens;
  };
}

/**
 * A text cut where its o200k_base tokens end; a character that takes several tokens stands at the last of them.
 *
 * @returns joined they are the text; one with a long run without blanks or marks is cut every four characters
 */
export function splitTokens(text: string): string[] {
  if (hasLongRun(text)) return text.match(/[^]{1,4}/gu) ?? [];
  const decoder = new Utf8Decoder();
  return encode(text, allAsText)
    .map((token) => decoder.take(token))
    .filter((piece) => piece !== "");
}

const inSlices = /[^]{1,100}/gu;

/**
 * The o200k_base tokens of a text, exactly.
 *
 * A text with a run of more than 100 characters without a blank or mark is encoded in slices of that size, so that its
 * time stays proportional to its length; the tokens are still those of the text, but at the cuts not the fewest.
 */
export function encodeTokens(text: string): number[] {
  if (!hasLongRun(text)) return encode(text, allAsText);
  return (text.match(inSlices) ?? []).flatMap((slice) => encode(slice, allAsText));
}

/**
 * The text of o200k_base tokens; undefined when one of them is none. Bytes that are no character become U+FFFD.
 */
export function decodeTokens(tokens: readonly number[]): string | undefined {
  if (!tokens.every(isToken)) return undefined;
  const decoder = new Utf8Decoder();
  return tokens.map((token) => decoder.take(token)).join("") + decoder.rest();
}

/**
 * Decodes tokens one by one. The tokenizer's own functions share one decoder, which keeps the bytes of a character that
 * was not complete, and puts them before the next text of anyone.
 */
class Utf8Decoder {
  /** Most texts have no token that is only a part of a character, and need none. */
  #decoder: InstanceType<typeof TextDecoder> | undefined;

  /** The text that is complete with a token. */
  take(token: number): string {
    const piece = token === endOfText ? endOfTextName : ranks[token];
    if (piece === undefined) return "";
    if (typeof piece === "string") return this.rest() + piece;
    this.#decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
    return this.#decoder.decode(Uint8Array.from(piece), { stream: true });
  }

  /** What stands for the bytes of a character that was not completed. */
  rest(): string {
    const rest = this.#decoder?.decode() ?? "";
    this.#decoder = undefined;
    return rest;
  }
}

const endOfTextName = "<|endoftext|>";

/** Says whether a number is an o200k_base token: one of those for text, or the end of a text. */
export function isToken(token: number): boolean {
  return Number.isInteger(token) && token >= 0 && (token <= lastTextToken || token === endOfText);
}

const lastTextToken = 199_997;
const endOfText = 199_999;

const start = 0;
const lower = 1;
const upper = 2;
const digit = 3;
const blank = 4;
const newline = 5;
const mark = 6;
const ideograph = 7;
const otherLetter = 8;

const asciiClass = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 97 && code <= 122) return lower;
  if (code >= 65 && code <= 90) return upper;
  if (code >= 48 && code <= 57) return digit;
  if (code === 10 || code === 13) return newline;
  if (code === 32 || code === 9) return blank;
  return mark;
});

function classOf(code: number): number {
  if (code < 128) return asciiClass[code] ?? mark;
  const kanaOrHan = (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff);
  return kanaOrHan || (code >= 0xac00 && code <= 0xd7af) ? ideograph : otherLetter;
}

function hasLongRun(text: string): boolean {
  if (text.length <= maxExactRunLength) return false;
  let run = 0;
  for (let index = 0; index < text.length; index += 1) {
    run = endsRun(text.charCodeAt(index)) ? 0 : run + 1;
    if (run > maxExactRunLength) return true;
  }
  return false;
}

/** Blanks, most ASCII marks, and the marks of Chinese and Japanese. */
function endsRun(code: number): boolean {
  return code < 48 || (code >= 0x3000 && code <= 0x303f) || (code >= 0xff00 && code <= 0xff0f);
}

/** Index of the first character at or after `from` that is not of the kind. */
function runEnd(text: string, from: number, kind: number): number {
  let index = from;
  while (index < text.length && classOf(text.charCodeAt(index)) === kind) index += 1;
  return index;
}

/**
 * Estimates the o200k_base tokens of a text by the kinds of its characters, in one pass.
 *
 * The weights were fitted by least squares to English prose, source code, change logs and JSON; a word is a run of
 * capitals and then small letters, as in the tokenizer.
 *
 * @returns integer ≥ 0
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  let index = 0;
  let before = start;
  while (index < text.length) {
    const from = index;
    const kind = classOf(text.charCodeAt(from));
    index = runEnd(text, from + 1, kind);
    if (kind === upper) {
      const capitals = index - from;
      index = runEnd(text, index, lower);
      tokens += wordTokens(index - from, before) + (capitals > 1 ? 0.3 : 0);
      before = lower;
      continue;
    }
    tokens += kind === lower ? wordTokens(index - from, before) : runTokens(kind, index - from, before);
    before = kind;
  }
  return Math.round(tokens);
}

/** A word after a blank is more often one token than one inside an identifier, unless that is short. */
function wordTokens(length: number, before: number): number {
  if (before === blank || before === start) return length <= 6 ? 1.03 : 1.03 + (length - 6) * 0.06;
  if (length > 6) return 1.03 + (length - 6) * 0.13;
  return before === newline ? 1.03 : 0.83;
}

/** Tokens of a run of characters that are no Latin letters. */
function runTokens(kind: number, length: number, before: number): number {
  switch (kind) {
    case digit:
      return Math.ceil(length / 3) * 1.35 + (before === blank ? 0.75 : 0);
    case blank:
      return length === 1 ? 0 : 0.55;
    case newline:
      return before === mark ? 0.2 : 0.9;
    case mark:
      if (length > 1) return 0.9 + length * 0.14;
      return before === blank ? 1.15 : 0.65;
    case ideograph:
      return length * 0.75;
    default:
      return 0.4 + length * 0.17;
  }
}

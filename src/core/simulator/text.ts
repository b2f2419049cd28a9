import { sentences } from "./sentences.ts";
import type { Randomness, Rng, SeededRng } from "../rng.ts";

/**
 * A text of so many tokens; `tokens` joined are `text`. Both are made each time they are asked for, and not kept: what waits
 * for long takes no memory.
 *
 * It is no record: a spread of it has neither tokens nor their count, and does not pass for a part.
 */
export class Prose {
  readonly kind: "text" | "reasoning";
  declare readonly name?: never;
  declare readonly id?: never;
  readonly #start: Randomness;
  readonly #count: number;
  /** Characters of the last token that are left; undefined for all. */
  readonly #lastChars: number | undefined;

  /** @param start is not moved, and must not be by others */
  constructor({ kind = "text", start, count, lastChars }: ProseOptions) {
    this.kind = kind;
    this.#start = start;
    this.#count = count;
    this.#lastChars = lastChars;
  }

  /** How many tokens there are, known without making them. */
  get count(): number {
    return this.#count;
  }

  get text(): string {
    if (this.#lastChars !== undefined) return this.tokens.join("");
    return say(this.#start.copy(), this.#count);
  }

  get tokens(): readonly string[] {
    return Array.from(this);
  }

  /** Its tokens one by one. */
  [Symbol.iterator](): Iterator<string, undefined> {
    return new TokenIterator(this.#start.copy(), this.#count, this.#lastChars);
  }

  /** Its first so many tokens. @param count ≤ that of the whole */
  first(count: number): Prose {
    if (count === this.#count) return this;
    return new Prose({ kind: this.kind, start: this.#start, count });
  }

  /** Its first so many characters; the last token may be a part of one. */
  firstChars(chars: number): Prose {
    let count = 0;
    let left = chars;
    for (const { length } of this) {
      if (left <= 0) break;
      count += 1;
      if (length > left) return new Prose({ kind: this.kind, start: this.#start, count, lastChars: left });
      left -= length;
    }
    return this.first(count);
  }
}

type ProseOptions = {
  readonly kind?: Prose["kind"];
  /** The randomness that it is drawn from. */
  readonly start: Randomness;
  readonly count: number;
  readonly lastChars?: number;
};

/** Words with the space before them, and marks: the pieces that o200k_base makes of such prose. */
const piece = / ?[A-Za-z]+| ?[0-9]+|[.,]/g;

/** A sentence in pieces; `ends` tells where each piece ends in `text`. */
type Sentence = { readonly text: string; readonly pieces: readonly string[]; readonly ends: readonly number[] };

const first = sentences.map(inPieces);
const later = sentences.map((sentence) => inPieces(` ${sentence}`));

function inPieces(text: string): Sentence {
  const pieces = text.match(piece) ?? [];
  let end = 0;
  return { text, pieces, ends: pieces.map((each) => (end += each.length)) };
}

/** Gives the next x, 0 ≤ x < 1. */
type Draws = Pick<Randomness, "next">;

/** Draws one sentence after another, never the same twice in a row. */
class Sentences {
  readonly #draws: Draws;
  #bank = first;
  #last = -1;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  next(): Sentence {
    const bank = this.#bank;
    let chosen = Math.floor(this.#draws.next() * bank.length);
    if (chosen === this.#last) chosen = (chosen + 1) % bank.length;
    this.#last = chosen;
    this.#bank = later;
    const sentence = bank[chosen];
    if (sentence === undefined) throw new RangeError("There are no sentences.");
    return sentence;
  }
}

const nothing: readonly string[] = [];

class TokenIterator implements Iterator<string, undefined> {
  readonly #sentences: Sentences;
  readonly #lastChars: number | undefined;
  #left: number;
  #pieces = nothing;
  #at = 0;

  constructor(draws: Draws, count: number, lastChars: number | undefined) {
    this.#sentences = new Sentences(draws);
    this.#left = count;
    this.#lastChars = lastChars;
  }

  next(): IteratorResult<string, undefined> {
    if (this.#left === 0) return { done: true, value: undefined };
    this.#left -= 1;
    if (this.#at === this.#pieces.length) {
      this.#pieces = this.#sentences.next().pieces;
      this.#at = 0;
    }
    const token = this.#pieces[this.#at] ?? "";
    this.#at += 1;
    const value = this.#left === 0 && this.#lastChars !== undefined ? token.slice(0, this.#lastChars) : token;
    return { done: false, value };
  }
}

/**
 * Makes plausible English prose as exactly so many tokens; joined, they encode to that number again.
 *
 * @param rng is moved past it
 * @param tokens ≥ 0
 * @returns the same randomness gives the same text
 */
export function makeText(rng: SeededRng, tokens: number, kind?: Prose["kind"]): Prose {
  const prose = new Prose({ start: rng.state.copy(), count: tokens, ...(kind !== undefined && { kind }) });
  const drawn = new Sentences(rng.state);
  for (let left = tokens; left > 0; left -= drawn.next().pieces.length) continue;
  return prose;
}

/** The same as a text that is there at once. */
export function sayText(rng: Rng, tokens: number): string {
  return say({ next: rng }, tokens);
}

function say(draws: Draws, tokens: number): string {
  const drawn = new Sentences(draws);
  let text = "";
  let left = tokens;
  while (left > 0) {
    const sentence = drawn.next();
    const { length } = sentence.pieces;
    text += left >= length ? sentence.text : sentence.text.slice(0, sentence.ends[left - 1]);
    left -= length;
  }
  return text;
}

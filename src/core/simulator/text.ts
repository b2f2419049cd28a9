import { sentences } from "./sentences.ts";
import type { Rng } from "../types.ts";

/**
 * A text of so many tokens; `tokens` joined are `text`. They are cut only when they are asked for: a whole response needs none.
 *
 * It is no record: a spread of it has neither tokens nor their count, and does not pass for a part.
 */
export class Prose {
  readonly kind = "text";
  declare readonly name?: never;
  declare readonly id?: never;
  readonly text: string;
  readonly #sentences: readonly Sentence[];
  readonly #count: number;
  #tokens: readonly string[] | undefined;

  constructor(text: string, sentences: readonly Sentence[], count: number) {
    this.text = text;
    this.#sentences = sentences;
    this.#count = count;
  }

  /** How many tokens there are, known without cutting them. */
  get count(): number {
    return this.#count;
  }

  get tokens(): readonly string[] {
    return (this.#tokens ??= this.#sentences.flatMap(({ pieces }) => pieces).slice(0, this.#count));
  }
}

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

/**
 * Makes plausible English prose as exactly so many tokens; joined, they encode to that number again.
 *
 * @param tokens ≥ 0
 * @returns one string per token, and all as one; the same randomness gives the same text
 */
export function makeText(rng: Rng, tokens: number): Prose {
  const said: Sentence[] = [];
  let text = "";
  let left = tokens;
  let bank = first;
  let last = -1;
  while (left > 0) {
    let chosen = Math.floor(rng() * bank.length);
    if (chosen === last) chosen = (chosen + 1) % bank.length;
    last = chosen;
    const sentence = bank[chosen];
    if (sentence === undefined) throw new RangeError("There are no sentences.");
    said.push(sentence);
    const { length } = sentence.pieces;
    text += left >= length ? sentence.text : sentence.text.slice(0, sentence.ends[left - 1]);
    left -= length;
    bank = later;
  }
  return new Prose(text, said, tokens);
}

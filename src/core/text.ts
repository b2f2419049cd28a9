import { sentences } from "./sentences.ts";
import type { Rng } from "./types.ts";

/** A text of so many tokens; `tokens` joined are `text`. */
export type Prose = { readonly tokens: readonly string[]; readonly text: string };

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
 * @returns one string per token, and all as one; the same chance gives the same text
 */
export function makeText(rng: Rng, tokens: number): Prose {
  const made: string[] = [];
  let text = "";
  let bank = first;
  let last = -1;
  while (made.length < tokens) {
    let chosen = Math.floor(rng() * bank.length);
    if (chosen === last) chosen = (chosen + 1) % bank.length;
    last = chosen;
    const sentence = bank[chosen]!;
    const wanted = Math.min(sentence.pieces.length, tokens - made.length);
    for (let index = 0; index < wanted; index += 1) made.push(sentence.pieces[index]!);
    text += wanted === sentence.pieces.length ? sentence.text : sentence.text.slice(0, sentence.ends[wanted - 1]);
    bank = later;
  }
  return { tokens: made, text };
}

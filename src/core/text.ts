import { sentences } from "./sentences.ts";
import type { Rng } from "./types.ts";

/** Words with the space before them, and marks: the pieces that o200k_base makes of such prose. */
const piece = / ?[A-Za-z]+| ?[0-9]+|[.,]/g;

const firstPieces = sentences.map((sentence) => sentence.match(piece) ?? []);
const laterPieces = sentences.map((sentence) => ` ${sentence}`.match(piece) ?? []);

/**
 * Makes plausible English prose as exactly so many tokens; joined, they encode to that number again.
 *
 * @param tokens ≥ 0
 * @returns one string per token; the same chance gives the same text
 */
export function makeText(rng: Rng, tokens: number): string[] {
  const text: string[] = [];
  let bank = firstPieces;
  let last = -1;
  while (text.length < tokens) {
    let chosen = Math.floor(rng() * bank.length);
    if (chosen === last) chosen = (chosen + 1) % bank.length;
    last = chosen;
    const pieces = bank[chosen]!;
    const wanted = Math.min(pieces.length, tokens - text.length);
    for (let index = 0; index < wanted; index += 1) text.push(pieces[index]!);
    bank = laterPieces;
  }
  return text;
}

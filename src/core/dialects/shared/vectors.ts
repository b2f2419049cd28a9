import { createRng, hash32 } from "../../rng.ts";
import { toBase64 } from "./base64.ts";

/** An embedding: its numbers, and the same as they stand between the brackets of JSON (8 decimals). */
export type Vector = { readonly floats: Float32Array; text(): string };

const decimals = 8;
/** So many features stand for a text, which bounds what a long one costs. */
const maxFeatures = 31;
const maxDimensions = 4096;
/** Numbers of the noise are within this range, so sums are within as many times it as there are features and the text. */
const noiseRange = 3;
const sumRange = noiseRange * (maxFeatures + 1);
const offsets = 1 << 16;
const noise = makeNoise();
const silence = new Int8Array(maxDimensions);

/** A long list of small random numbers: the vector of a feature begins somewhere in it. */
function makeNoise(): Int8Array {
  const rng = createRng(1);
  return Int8Array.from(
    { length: offsets + maxDimensions },
    () => Math.floor(rng() * (2 * noiseRange + 1)) - noiseRange,
  );
}

/**
 * A vector of length 1 that the model and the text determine; texts with many words, or parts of words, in common have
 * vectors that lie near to each other.
 *
 * It is the sum of a random vector for each feature, and one for the text as a whole, so that another order of words is
 * another vector. The features are words and letters that follow each other; of many, those with the smallest hashes
 * stand for all, so that texts that share a part of their features share about that part of these. As with the
 * provider's models, fewer dimensions are the beginning of more, scaled to length 1 again.
 *
 * @param dimensions 1 to 4,096
 * @see Broder, "On the resemblance and containment of documents", 1997, for the choice by hash
 */
export function embed(model: string, text: string, dimensions: number): Vector {
  const seed = hash32(model);
  const starts = [hash32(model, text), ...featuresOf(text)].map((hash) => Math.imul(hash ^ seed, 0x9e3779b1) >>> 16);
  const sums = sumOf(starts, dimensions);
  let square = 0;
  for (const sum of sums) square += sum * sum;
  if (square === 0) {
    sums[0] = 1;
    square = 1;
  }
  const scale = 1 / Math.sqrt(square);
  const floats = new Float32Array(dimensions);
  for (let at = 0; at < dimensions; at += 1) floats[at] = (sums[at] ?? 0) * scale;
  return { floats, text: () => textOf(sums, scale) };
}

/** The sum of the noise from each start on; four at a time, so that sums are read and written less often. */
function sumOf(starts: readonly number[], dimensions: number): Int32Array {
  const sums = new Int32Array(dimensions);
  const noiseFrom = (start: number | undefined): Int8Array =>
    start === undefined ? silence : noise.subarray(start, start + dimensions);
  for (let index = 0; index < starts.length; index += 4) {
    const first = noiseFrom(starts[index]);
    const second = noiseFrom(starts[index + 1]);
    const third = noiseFrom(starts[index + 2]);
    const fourth = noiseFrom(starts[index + 3]);
    for (let at = 0; at < dimensions; at += 1) {
      const sum = sums[at] ?? 0;
      sums[at] = sum + (first[at] ?? 0) + (second[at] ?? 0) + (third[at] ?? 0) + (fourth[at] ?? 0);
    }
  }
  return sums;
}

/** Sums are small integers, so few different ones need to be written as decimals. */
function textOf(sums: Int32Array, scale: number): string {
  const known: (string | undefined)[] = Array.from({ length: 2 * sumRange + 1 });
  const texts: string[] = [];
  for (const sum of sums) {
    texts.push((known[sum + sumRange] ??= String(Number((sum * scale).toFixed(decimals)))));
  }
  return texts.join(",");
}

const gramChars = 3;
/** Where scripts begin that write a word with a character or two. */
const ideographs = 0x2e80;

/** Hashes of at most so many features, each once. */
function featuresOf(text: string): readonly number[] {
  const smallest = createSmallest(maxFeatures);
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = 0; at <= lower.length; at += 1) {
    if (at < lower.length && isOfWord(lower.charCodeAt(at))) continue;
    if (at > from) addWord(smallest, lower, { from, to: at });
    from = at + 1;
  }
  return smallest.values();
}

type Smallest = ReturnType<typeof createSmallest>;

function addWord(smallest: Smallest, text: string, { from, to }: { from: number; to: number }): void {
  smallest.add(hashOf(text, from, to));
  const chars = text.charCodeAt(from) < ideographs ? gramChars : gramChars - 1;
  for (let at = from; at + chars <= to; at += 1) smallest.add(hashOf(text, at, at + chars));
}

/** ASCII letters and digits, and everything else that is not known as a mark or blank. */
function isOfWord(code: number): boolean {
  if (code < 0x80) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
  if (code >= 0x2000 && code < 0x2070) return false;
  return code !== 0xa0 && !(code >= 0x3000 && code < 0x3040) && !(code >= 0xff00 && code < 0xff10);
}

function hashOf(text: string, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The smallest so many of the numbers added, each once. */
function createSmallest(max: number) {
  const kept: number[] = [];
  let largest = Infinity;
  return {
    add(number: number): void {
      if (number >= largest || kept.includes(number)) return;
      if (kept.length < max) kept.push(number);
      else kept[kept.indexOf(largest)] = number;
      if (kept.length === max) largest = Math.max(...kept);
    },
    values: (): readonly number[] => kept,
  };
}

/** The bytes of numbers, little-endian 32-bit floats, in base64. */
export function floatsBase64(floats: Float32Array): string {
  return toBase64(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength));
}

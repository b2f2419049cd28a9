import type { Rng } from "./types.ts";

/** Murmur3's finaliser: every input bit reaches every output bit. */
function avalanche(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function hashWith(start: number, parts: readonly (string | number)[]): number {
  let hash = start;
  for (const part of parts) {
    const text = String(part);
    for (let index = 0; index < text.length; index += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    hash = avalanche(hash ^ text.length);
  }
  return hash >>> 0;
}

/**
 * A 32-bit hash of several values, the same on every machine; not for secrets.
 *
 * @returns integer, 0 … 2³² − 1
 */
export function hash32(...parts: readonly (string | number)[]): number {
  return hashWith(0x811c9dc5, parts);
}

/**
 * The one draw of a request: the same seed, rule and key give the same number on every node and every retry.
 *
 * @param rule name of the rule, so that rules draw independently
 * @param key what shall share a fate: a request id, a header's value or a key's name
 * @returns 0 ≤ x < 1 with 53 random bits
 */
export function draw(seed: number, rule: string, key: string): number {
  const parts = [seed, rule, key];
  const high = hashWith(0x811c9dc5, parts) >>> 5;
  const low = hashWith(0x9e3779b9, parts) >>> 6;
  return (high * 0x4000000 + low) / 0x20000000000000;
}

/**
 * Makes a repeatable source of chance: sfc32, started from one number.
 *
 * @param seed whole number within ±2⁵³; all its bits count
 * @returns each call gives the next x, 0 ≤ x < 1 with 32 random bits
 * @see PractRand's sfc32, by Chris Doty-Humphrey
 */
export function createRng(seed: number): Rng {
  let a = avalanche(seed ^ 0x9e3779b9);
  let b = avalanche(Math.floor(seed / 0x100000000) ^ 0x243f6a88);
  let c = avalanche(seed ^ 0xb7e15162);
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 0x100000000;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

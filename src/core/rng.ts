/** A source of randomness: each call gives a number x with 0 ≤ x < 1. */
export type Rng = () => number;

/** A repeatable one, and where it stands. */
export type SeededRng = Rng & { readonly state: Randomness };

/** Where a source of randomness stands; a copy gives what it would give itself from here on. */
export type Randomness = { next(): number; copy(): Randomness };

/** Murmur3's finaliser: every input bit reaches every output bit. */
function avalanche(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

const emptyHash = 0x811c9dc5;

/** Takes a text into a hash; its length too, so that it matters where one text ends and the next begins. */
function mix(start: number, text: string): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return avalanche(hash ^ text.length);
}

/**
 * A 32-bit hash of several values, the same on every machine; not for secrets.
 *
 * @returns integer, 0 … 2³² − 1
 */
export function hash32(...parts: readonly (string | number)[]): number {
  let hash = emptyHash;
  for (const part of parts) hash = mix(hash, String(part));
  return hash >>> 0;
}

/**
 * The one draw of a request: the same seed, rule and key give the same number on every node and every retry.
 *
 * @param rule name of the rule, so that rules draw independently
 * @param key what shall get the same decision: a request id, a header's value or a key's name
 * @returns 0 ≤ x < 1 with 32 random bits
 */
export function draw(seed: number, rule: string, key: string): number {
  return (mix(mix(mix(emptyHash, String(seed)), rule), key) >>> 0) / 0x100000000;
}

/** A key, hashed once for the draws of several rules: see `drawStart`. */
export function keyHash(key: string): number {
  return mix(emptyHash, key);
}

/** Where all draws of one rule start from; together with the hash of a key it gives a draw by `drawOf`. */
export function drawStart(seed: number, rule: string): number {
  return mix(mix(emptyHash, String(seed)), rule);
}

/** The draw of a hashed key. @returns 0 ≤ x < 1 with 32 random bits */
export function drawOf(start: number, hashed: number): number {
  return (avalanche(start ^ hashed) >>> 0) / 0x100000000;
}

/**
 * One of some values, each as likely as any other; costs one draw.
 *
 * @throws RangeError when there is none
 */
export function pick<Value>(rng: Rng, values: ArrayLike<Value>): Value {
  const value = values[Math.floor(rng() * values.length)];
  if (value === undefined) throw new RangeError("There is nothing to pick from.");
  return value;
}

/**
 * Makes a repeatable source of randomness: sfc32, started from one number.
 *
 * @param seed integer within ±2⁵³; all its bits count
 * @returns each call gives the next x, 0 ≤ x < 1 with 32 random bits
 * @see PractRand's sfc32, by Chris Doty-Humphrey
 */
export function createRng(seed: number): SeededRng {
  const state = new Sfc32(
    avalanche(seed ^ 0x9e3779b9),
    avalanche(Math.floor(seed / 0x100000000) ^ 0x243f6a88),
    avalanche(seed ^ 0xb7e15162),
    1,
  );
  for (let round = 0; round < 12; round += 1) state.next();
  return rngFrom(state);
}

/** One that goes on where another stood. @param state is moved by it */
export function rngFrom(state: Randomness): SeededRng {
  const rng = (): number => state.next();
  rng.state = state;
  return rng;
}

/** Four numbers of 32 bits, which is all that a response that waits holds of its randomness. */
class Sfc32 implements Randomness {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(...[a, b, c, counter]: readonly [number, number, number, number]) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }

  next(): number {
    const b = this.#b;
    const c = this.#c;
    const counter = this.#counter;
    const sum = (this.#a + b + counter) | 0;
    this.#a = b ^ (b >>> 9);
    this.#b = (c + (c << 3)) | 0;
    this.#c = (((c << 21) | (c >>> 11)) + sum) | 0;
    this.#counter = (counter + 1) | 0;
    return (sum >>> 0) / 0x100000000;
  }

  copy(): Randomness {
    return new Sfc32(this.#a, this.#b, this.#c, this.#counter);
  }
}

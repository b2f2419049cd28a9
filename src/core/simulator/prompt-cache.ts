import { hash32 } from "../rng.ts";

/** How a provider keeps the beginnings of prompts. */
export type PromptCache = {
  /** Shorter prompts are not kept. */
  readonly minTokens: number;
  /** Tokens are kept and found in blocks of so many. */
  readonly blockTokens: number;
  /** A block that nobody asked for in this time is forgotten. */
  readonly ttlMs: number;
};

/** A prompt that may have been seen before. */
export type CachedPrompt = {
  /** All of it as text, in the order in which the provider reads it. */
  readonly text: string;
  readonly tokens: number;
  /** How many of them, from the beginning, may be kept; all but what follows the last mark where the API has marks. */
  readonly cacheableTokens: number;
  /** What must be the same besides: the model, and whose key it is. */
  readonly scope: string;
};

/** Finds how much of a prompt was asked before, and remembers it. */
export type PromptIndex = {
  /**
   * @param nowMs wall clock, or any other that never stands still
   * @returns tokens from the beginning, a multiple of the blocks of `cache`
   */
  seen(prompt: CachedPrompt, cache: PromptCache, nowMs: number): number;
};

/** Blocks that are remembered, at most. A new one takes the place of one that falls on the same slot. */
const slots = 131_072;
const slotWords = 2;
/** About as many as a token has. */
const charsPerToken = 4;

/** Allocates an index; all zero. It holds hashes and times only: 1 MiB. */
export function createPromptIndexMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(slots * slotWords * Int32Array.BYTES_PER_ELEMENT);
}

/** An index in memory that others may share; what two of them write at once is at worst forgotten. */
export function createPromptIndex(memory: SharedArrayBuffer): PromptIndex {
  const words = new Int32Array(memory);
  return {
    seen({ text, tokens, cacheableTokens, scope }, cache, nowMs) {
      const { minTokens, blockTokens, ttlMs } = cache;
      if (cacheableTokens < minTokens) return 0;
      const second = Math.floor(nowMs / 1000);
      // The same width for every prompt, so that one that goes on from another has the same blocks at its beginning.
      const width = blockTokens * charsPerToken;
      const blocks = Math.floor((text.length * cacheableTokens) / tokens / width);
      let hash = hash32(scope);
      let found = 0;
      for (let block = 0; block < blocks; block += 1) {
        hash = hash32(hash, text.slice(block * width, (block + 1) * width));
        const isKnown = touch(words, hash, { second, ttlSeconds: ttlMs / 1000 });
        if (isKnown && found === block) found += 1;
      }
      // Where all of it is known, so is the part of a block at its end.
      if (found > 0 && found === blocks && cacheableTokens < tokens) return cacheableTokens;
      const seen = Math.floor((found * width * tokens) / text.length / blockTokens) * blockTokens;
      return seen < minTokens ? 0 : Math.min(seen, cacheableTokens);
    },
  };
}

/** Whether a block was seen within its time; from now on it is. */
function touch(
  words: Int32Array,
  hash: number,
  { second, ttlSeconds }: { second: number; ttlSeconds: number },
): boolean {
  const at = ((hash >>> 0) % slots) << 1;
  const tag = hash | 1;
  const isKnown = words[at] === tag && second - (words[at + 1] ?? 0) <= ttlSeconds;
  words[at] = tag;
  words[at + 1] = second;
  return isKnown;
}

/** Members of a request in the order in which providers read them: what changes least comes first. */
const order = ["tools", "system", "systemInstruction", "instructions", "messages", "contents", "input", "prompt"];

/** The prompt of a request as text; empty where it has none. */
export function promptText(body: Readonly<Record<string, unknown>>): string {
  return order.map((member) => (body[member] === undefined ? "" : JSON.stringify(body[member]))).join("\n");
}

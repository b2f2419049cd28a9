import { beforeEach, describe, expect, test } from "vitest";
import {
  createPromptIndex,
  createPromptIndexMemory,
  promptText,
  type CachedPrompt,
  type PromptIndex,
} from "../../../../src/core/simulator/prompt-cache.ts";

let index: PromptIndex;
beforeEach(() => {
  index = createPromptIndex(createPromptIndexMemory());
});

const cache = { minTokens: 1024, blockTokens: 128, ttlMs: 300_000 };
const words = (count: number, word = "word"): string =>
  Array.from({ length: count }, (_, at) => `${word}${at % 10}`).join("");

/** A prompt of four characters a token, or five where each word is one. */
function prompt(text: string, changes: Partial<CachedPrompt> = {}): CachedPrompt {
  const tokens = Math.floor(text.length / 4);
  return { text, tokens, cacheableTokens: tokens, scope: "gpt-4o key", ...changes };
}

const long = words(2000);

describe("tokens from a cache", () => {
  test("are none for the first prompt, and blocks of the whole for the second", () => {
    expect(index.seen(prompt(long), cache, 0)).toBe(0);
    expect(index.seen(prompt(long), cache, 0)).toBe(2432);
  });

  test("are those of the beginning that two prompts have in common", () => {
    index.seen(prompt(long), cache, 0);
    expect(index.seen(prompt(long.slice(0, 6000) + words(1000, "other")), cache, 0)).toBe(1408);
  });

  test("grow with a conversation that goes on", () => {
    index.seen(prompt(long), cache, 0);
    const longer = long + words(500, "next");
    expect(index.seen(prompt(longer), cache, 0)).toBe(2432);
    expect(index.seen(prompt(longer), cache, 0)).toBe(3072);
  });

  test("are none for a prompt that is too short, or has too little in common", () => {
    const short = long.slice(0, 4000);
    index.seen(prompt(short), cache, 0);
    expect(index.seen(prompt(short), cache, 0)).toBe(0);
    index.seen(prompt(long), cache, 0);
    expect(index.seen(prompt(long.slice(0, 4000) + words(1000, "other")), cache, 0)).toBe(0);
  });

  test("are none for another model or key", () => {
    index.seen(prompt(long), cache, 0);
    expect(index.seen(prompt(long, { scope: "gpt-4o other" }), cache, 0)).toBe(0);
  });

  test("are forgotten after their time, which begins anew with each prompt", () => {
    index.seen(prompt(long), cache, 0);
    expect(index.seen(prompt(long), cache, 200_000)).toBe(2432);
    expect(index.seen(prompt(long), cache, 450_000)).toBe(2432);
    expect(index.seen(prompt(long), cache, 800_000)).toBe(0);
  });

  test("are exactly those up to the last mark where an API has marks", () => {
    const marked = { cacheableTokens: 1500 };
    index.seen(prompt(long, marked), cache, 0);
    expect(index.seen(prompt(long, marked), cache, 0)).toBe(1500);
    expect(index.seen(prompt(long, { cacheableTokens: 0 }), cache, 0)).toBe(0);
  });
});

test("an index in the same memory knows what another was asked", () => {
  const memory = createPromptIndexMemory();
  createPromptIndex(memory).seen(prompt(long), cache, 0);
  expect(createPromptIndex(memory).seen(prompt(long), cache, 0)).toBe(2432);
});

test("the text of a prompt has tools and system before messages, however the body is ordered", () => {
  const messages = [{ role: "user", content: "Hello" }];
  const first = promptText({ model: "m", messages, system: "Be brief", tools: [{ name: "t" }] });
  expect(first).toBe(promptText({ tools: [{ name: "t" }], system: "Be brief", messages, temperature: 1 }));
  expect(first.indexOf("Be brief")).toBeLessThan(first.indexOf("Hello"));
});

import { expect, test } from "vitest";
import { embed } from "../../../../../src/core/dialects/shared/vectors.ts";

const model = "text-embedding-3-small";

function cosine(one: string, other: string): number {
  const [first, second] = [embed(model, one, 1536).floats, embed(model, other, 1536).floats];
  return first.reduce((sum, value, index) => sum + value * second[index]!, 0);
}

test.each([
  ["The cat sat on the mat", "A cat was sitting on a mat", "Quarterly revenue grew by ten percent"],
  ["How do I reset my password?", "I forgot my password, how can I reset it?", "It rains in Paris today."],
  ["你好世界", "你好，世界", "今天天气很好"],
  ["cat", "cats", "dog"],
  ["ÉCOLE PRIMAIRE", "école primaire", "gare centrale"],
])("%s lies nearer to %s than to %s", (text, similar, other) => {
  expect(cosine(text, similar)).toBeGreaterThan(cosine(text, other) + 0.2);
});

test("a long text lies near to itself with a few words more, and far from another", () => {
  const words = (first: number) => Array.from({ length: 3000 }, (_, index) => `word${first + index * 17}`).join(" ");
  expect(cosine(words(0), `${words(0)} and a few words more`)).toBeGreaterThan(0.5);
  expect(cosine("A short one", words(1))).toBeLessThan(0.3);
});

test("the same words in another order are another vector, near to the first", () => {
  expect(cosine("dog bites man", "man bites dog")).toBeGreaterThan(0.7);
  expect(cosine("dog bites man", "man bites dog")).toBeLessThan(0.99);
});

test("each model has vectors of its own", () => {
  expect(embed("one", "text", 64).floats).not.toEqual(embed("other", "text", 64).floats);
});

test("fewer dimensions are the beginning of more", () => {
  const { floats: few } = embed(model, "some text", 64);
  const { floats: many } = embed(model, "some text", 256);
  const length = Math.hypot(...many.slice(0, 64));
  for (const [index, value] of few.entries()) expect(value).toBeCloseTo(many[index]! / length, 6);
});

test.each(["", "!!! ???", "🙂", "\u0000", "a".repeat(50_000)])("any text has a vector of length 1", (text) => {
  for (const dimensions of [1, 2, 3, 4096]) {
    expect(Math.hypot(...embed(model, text, dimensions).floats)).toBeCloseTo(1, 4);
  }
});

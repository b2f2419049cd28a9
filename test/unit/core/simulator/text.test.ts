import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, expectTypeOf, test } from "vitest";
import { createRng } from "../../../../src/core/rng.ts";
import { countOf, cutAt, type Part } from "../../../../src/core/simulator/parts.ts";
import { sentences } from "../../../../src/core/simulator/sentences.ts";
import { makeText } from "../../../../src/core/simulator/text.ts";

describe("makeText", () => {
  test("makes every piece exactly one o200k token", () => {
    const pieces = new Set<string>();
    for (let seed = 0; seed < 400; seed += 1)
      for (const piece of makeText(createRng(seed), 80).tokens) pieces.add(piece);
    expect([...pieces].filter((piece) => encode(piece).length !== 1)).toEqual([]);
  });

  test("uses every sentence, so that the proof above covers the whole bank", () => {
    const text = makeText(createRng(1), 20_000).text;
    expect(sentences.filter((sentence) => !text.includes(sentence))).toEqual([]);
    const starts = new Set(Array.from({ length: 3000 }, (_, seed) => makeText(createRng(seed), 30).text));
    expect(
      sentences.filter((sentence) => ![...starts].some((start) => start.startsWith(sentence.slice(0, 20)))),
    ).toEqual([]);
  });

  test("joined encodes to exactly the number asked for, wherever a sentence is cut", () => {
    for (let tokens = 0; tokens <= 200; tokens += 1) {
      const prose = makeText(createRng(tokens), tokens);
      expect([prose.tokens.length, encode(prose.text).length]).toEqual([tokens, tokens]);
      expect(prose.tokens.join("")).toBe(prose.text);
    }
  });

  test("keeps that for 100,000 tokens", () => {
    const prose = makeText(createRng(9), 100_000);
    expect([prose.tokens.length, encode(prose.text).length]).toEqual([100_000, 100_000]);
  });

  test("loses no character of a sentence", () => {
    const firstSentence = makeText(createRng(2), 60).text;
    const whole = sentences.find((sentence) => firstSentence.startsWith(sentence));
    expect(whole).toBeDefined();
    expect(firstSentence.slice(whole!.length)).toMatch(/^ [A-Z]/);
  });

  test("starts with a capital letter and no blank", () => {
    for (let seed = 0; seed < 100; seed += 1) expect(makeText(createRng(seed), 1).tokens[0]).toMatch(/^[A-Z]/);
  });

  test("never says the same sentence twice in a row", () => {
    const said = makeText(createRng(4), 30_000).text.split(/(?<=\.) /);
    expect(said.filter((sentence, index) => sentence === said[index + 1])).toEqual([]);
  });

  test("gives the same text for the same seed and another for another", () => {
    expect(makeText(createRng(7), 50).text).toBe(makeText(createRng(7), 50).text);
    expect(makeText(createRng(7), 50).text).not.toBe(makeText(createRng(8), 50).text);
  });

  test("has more than 60 sentences to choose from, all different", () => {
    expect(new Set(sentences).size).toBeGreaterThan(60);
  });
});

test("a text that is cut has the tokens that are left, and counts them", () => {
  const whole = makeText(createRng(7), 50);
  const cut = cutAt([whole], 20);
  const tokens = whole.tokens.slice(0, 20);
  expect(cut.map(({ kind, tokens: left, text }) => ({ kind, tokens: left, text }))).toEqual([
    { kind: "text", tokens, text: tokens.join("") },
  ]);
  expect(countOf(cut)).toBe(20);
});

test("a spread of a text does not pass for a part", () => {
  const text = makeText(createRng(7), 5);
  // oxlint-disable-next-line typescript/no-misused-spread
  expectTypeOf({ ...text, kind: "refusal" as const }).not.toExtend<Part>();
});

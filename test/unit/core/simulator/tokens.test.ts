import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, test } from "vitest";
import {
  createTokenCounter,
  decodeTokens,
  encodeTokens,
  estimateTokens,
  splitTokens,
} from "../../../../src/core/simulator/tokens.ts";
import { code, english, json, log, markdownTable } from "../../../support/samples.ts";

const asText = { disallowedSpecial: new Set<string>() };

describe("createTokenCounter", () => {
  test("counts texts up to 1,000 characters exactly, first and again", () => {
    const count = createTokenCounter();
    for (const text of ["", "a", "Hello, world!", english.slice(0, 1000), code.slice(0, 1000), json.slice(0, 999)]) {
      expect([count(text), count(text)]).toEqual([countTokens(text), countTokens(text)]);
    }
  });

  test("estimates longer texts", () => {
    const text = english.slice(0, 1001);
    expect(createTokenCounter()(text)).toBe(estimateTokens(text));
  });

  test("takes another limit", () => {
    expect(createTokenCounter({ exactUpToChars: 10_000 })(english)).toBe(countTokens(english));
    expect(createTokenCounter({ exactUpToChars: 0 })("Stuntdouble")).toBe(estimateTokens("Stuntdouble"));
  });

  test("refuses a limit that is no amount", () => {
    expect(() => createTokenCounter({ exactUpToChars: -1 })).toThrow(
      "exactUpToChars must be a number of at least 0, got -1",
    );
    expect(() => createTokenCounter({ exactUpToChars: Number.NaN })).toThrow(RangeError);
  });

  test("stays exact after thousands of different texts", () => {
    const count = createTokenCounter();
    for (let index = 0; index < 3000; index += 1)
      count(`A sentence that is long enough to be remembered, number ${index}.`);
    for (const index of [0, 1000, 2999]) {
      const text = `A sentence that is long enough to be remembered, number ${index}.`;
      expect(count(text)).toBe(countTokens(text));
    }
  });

  test("counts the names of special tokens as plain text", () => {
    const text = "The marker <|endoftext|> ends a document.";
    expect(createTokenCounter()(text)).toBe(countTokens(text, asText));
  });

  test("estimates an endless run without blanks, whose exact count would take milliseconds", () => {
    const text = "é".repeat(500);
    expect(createTokenCounter()(text)).toBe(estimateTokens(text));
    expect(createTokenCounter()("word ".repeat(199))).toBe(countTokens("word ".repeat(199)));
  });

  test("counts broken surrogates and control characters without an error", () => {
    const count = createTokenCounter();
    for (const text of ["\ud800", "\udc00\ud800 x", "\u0000\u0001", "\ud83d\ude00".repeat(40)]) {
      expect(count(text)).toBeGreaterThan(0);
    }
  });
});

describe("tokens of a part of a character", () => {
  const [first = 0, second = 0] = encodeTokens("\u{12000}");

  test("leave the next text of anyone as it is", () => {
    expect(encodeTokens("\u{12000}").length).toBeGreaterThan(2);
    decodeTokens([first]);
    expect(decodeTokens(encodeTokens("\u{12000}"))).toBe("\u{12000}");
    decodeTokens([first]);
    expect(splitTokens("a \u{12000}").join("")).toBe("a \u{12000}");
  });

  test("become U+FFFD where the character is not completed", () => {
    const [hello = 0] = encodeTokens("Hello");
    expect(decodeTokens([first])).toBe("\u{fffd}");
    expect(decodeTokens([first, hello])).toBe("\u{fffd}Hello");
    expect(decodeTokens([hello, second])).toMatch(/^Hello\u{fffd}+$/u);
  });
});

test.each(
  Object.entries({ english, code, json, log, markdownTable, signs: "🦜 \u{12000}, é漢\ufeff字 <|endoftext|>" }),
)("tokens of %s decode to it, in pieces and as a whole", (_, text) => {
  expect(decodeTokens(encodeTokens(text))).toBe(text);
  expect(splitTokens(text).join("")).toBe(text);
});

test("the end of a text has a name", () => {
  expect(decodeTokens([199_999])).toBe("<|endoftext|>");
});

describe("estimateTokens", () => {
  test.each(Object.entries({ english, code, json, log, markdownTable }))(
    "is within 10 %% of the exact count on %s",
    (_, text) => {
      expect(Math.abs(estimateTokens(text) / countTokens(text) - 1)).toBeLessThan(0.1);
    },
  );

  test("of a text said 50 times is 50 times as much", () => {
    expect(estimateTokens(english.repeat(50)) / estimateTokens(english)).toBeCloseTo(50, 0);
  });

  test("of nothing is 0", () => {
    expect(estimateTokens("")).toBe(0);
  });
});

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { escapeMarkup, visible } from "../../../../src/core/plot/markup.ts";

test.each([
  ["<script>", "&lt;script&gt;"],
  [`"a" & 'b'`, "&quot;a&quot; &amp; &#39;b&#39;"],
  ["\u001B[31m", "\u241B[31m"],
  ["a\nb\tc", "a\u240Ab\u2409c"],
  ["\u007F\u0085", "\u2421\uFFFD"],
  ["\u202Eabc", "\uFFFDabc"],
  ["\uD800", "\uFFFD"],
])("%j is written as %j", (text, written) => {
  expect(escapeMarkup(text)).toBe(written);
});

test("no text has markup or control characters left", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), (text) => {
      expect(escapeMarkup(text)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)|\p{Cc}|\p{Cs}/u);
    }),
    { numRuns: 50 },
  );
});

test("letters of any language stay as they are", () => {
  expect(visible("Grüße, 你好, 👋")).toBe("Grüße, 你好, 👋");
});

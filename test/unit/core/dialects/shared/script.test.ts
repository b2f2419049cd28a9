import { describe, expect, test } from "vitest";
import type { Part } from "../../../../../src/core/simulator/parts.ts";
import { isBroken, Pieces, tokensOfKind } from "../../../../../src/core/dialects/shared/script.ts";
import type { Script } from "../../../../../src/core/dialects/types.ts";
import { partOf, scriptWith } from "../support.ts";

describe("the pieces of a script", () => {
  function piecesOf(script: Script, hidden?: Part["kind"]) {
    const made = new Pieces(script, ({ kind }) => kind === hidden);
    const pieces = Array.from(made, ({ text, atMs, tokens }) => [text, atMs, tokens]);
    return { pieces, left: made.left };
  }

  test("gives each token at its time, and a call when it is complete", () => {
    const script = scriptWith([partOf("reasoning", "hm"), partOf("text", "a", "b"), partOf("call", "{", "}")]);
    expect(piecesOf(script)).toEqual({
      pieces: [
        ["hm", 100, 1],
        ["a", 200, 1],
        ["b", 300, 1],
        ["{}", 500, 2],
      ],
      left: 0,
    });
  });

  test("counts what is hidden to the piece that follows", () => {
    const script = scriptWith([partOf("reasoning", "h", "m"), partOf("text", "a", "b")]);
    expect(piecesOf(script, "reasoning").pieces).toEqual([
      ["a", 300, 3],
      ["b", 400, 1],
    ]);
    expect(piecesOf(script, "text").left).toBe(2);
  });

  test("counts the empty tokens of a character to the one that has it", () => {
    expect(piecesOf(scriptWith([partOf("text", "", "", "漢", "")]))).toEqual({ pieces: [["漢", 300, 3]], left: 1 });
  });
});

test("a call is broken when the limit cut its arguments", () => {
  const whole = partOf("call", "{}");
  const cut = partOf("call", `{"a`);
  expect(isBroken(cut, scriptWith([whole, cut], { finish: "length" }))).toBe(true);
  expect(isBroken(whole, scriptWith([whole, cut], { finish: "length" }))).toBe(false);
  expect(isBroken(whole, scriptWith([whole], { finish: "length" }))).toBe(false);
  expect(isBroken(cut, scriptWith([cut]))).toBe(false);
});

test("tokens are counted by kind", () => {
  expect(tokensOfKind([partOf("text", "a"), partOf("call", "b", "c"), partOf("text", "d")], "text")).toBe(2);
});

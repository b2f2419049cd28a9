import { describe, expect, test } from "vitest";
import { compileGlob } from "../../../src/core/glob.ts";

describe("a glob", () => {
  test.each([
    ["gpt-4o", "gpt-4o"],
    ["gpt-4*", "gpt-4"],
    ["gpt-4*", "gpt-4o-mini"],
    ["*-mini", "gpt-4o-mini"],
    ["*", ""],
    ["*", "anything"],
    ["**", "x"],
    ["*4*mini*", "gpt-4o-mini-2024"],
    ["a*b*c", "abc"],
    ["a*b*c", "a--b--b--c"],
    ["a*ab", "aab"],
    ["gpt-4.1", "gpt-4.1"],
  ])("%s matches %j", (glob, text) => {
    expect(compileGlob(glob)(text)).toBe(true);
  });

  test.each([
    ["gpt-4o", "gpt-4o-mini"],
    ["gpt-4*", "xgpt-4"],
    ["*-mini", "gpt-4o-mini-2024"],
    ["a*a", "a"],
    ["a*b*c", "ac"],
    ["a*b*c", "acb"],
    ["ab*bc", "abc"],
    ["gpt-4.1", "gpt-4x1"],
    ["", "x"],
    ["[a-z]+", "abc"],
  ])("%s does not match %j", (glob, text) => {
    expect(compileGlob(glob)(text)).toBe(false);
  });
});

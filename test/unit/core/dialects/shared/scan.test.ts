import { describe, expect, test } from "vitest";
import { findMembers, maxDepth } from "../../../../../src/core/dialects/shared/scan.ts";
import { bytesOf, refusal, textOf } from "../support.ts";

function find(text: string, ...names: string[]): Record<string, string> {
  const bytes = bytesOf(text);
  const spans = [...findMembers(bytes, names)];
  return Object.fromEntries(spans.map(([name, { from, to }]) => [name, textOf(bytes.subarray(from, to))]));
}

describe("findMembers", () => {
  test("gives the bytes of each wanted member's value", () => {
    const text = ' { "model" : "gpt-4o" ,\n"n":-1.5e+3,"stream":true,"a":null,"messages":[{"x":[1]}],"o":{"p":"}"} } ';
    expect(find(text, "model", "n", "stream", "messages", "o")).toEqual({
      model: '"gpt-4o"',
      n: "-1.5e+3",
      stream: "true",
      messages: '[{"x":[1]}]',
      o: '{"p":"}"}',
    });
  });

  test("never takes a model inside of a message for the model", () => {
    const text = `{"messages":[{"content":"\\"model\\":\\"evil\\"","model":"evil"}],"model":"good"}`;
    expect(find(text, "model")).toEqual({ model: '"good"' });
  });

  test("finds nothing where only a nested object has the member", () => {
    expect(find('{"metadata":{"model":"evil"}}', "model")).toEqual({});
  });

  test("takes the last of two members with one name, as a parse does", () => {
    expect(find('{"model":"first","model":"last"}', "model")).toEqual({ model: '"last"' });
  });

  test("knows a name that is written with escapes", () => {
    expect(find('{"mod\\u0065l":"gpt-4o"}', "model")).toEqual({ model: '"gpt-4o"' });
  });

  test.each([
    ["long text", "x".repeat(5000)],
    ["escaped quotes", 'say "hi" '.repeat(500)],
    ["backslashes", "\\".repeat(999)],
    ["a quote at the edge of the short search", `${"x".repeat(29)}"`],
    ["a backslash at the edge of the short search", `${"x".repeat(30)}\\`],
  ])("passes over a string of %s", (_, content) => {
    expect(find(JSON.stringify({ content, model: "m" }), "model")).toEqual({ model: '"m"' });
  });

  test.each([
    ["no object", "[1]"],
    ["nothing at all", ""],
    ["only blanks", "  \n"],
    ["a string without end", '{"model":"gpt'],
    ["a string whose last quote is escaped", '{"model":"gpt\\"'],
    ["an object without end", '{"model":"m"'],
    ["an array without end", '{"a":[1,2'],
    ["brackets that do not match", '{"a":[1}]}'],
    ["a bracket too many", '{"a":1}}'],
    ["bytes after the object", '{"a":1} x'],
    ["two objects", '{"a":1}{"b":2}'],
    ["a name that is no string", "{a:1}"],
    ["a missing colon", '{"a" 1}'],
    ["a missing comma", '{"a":1 "b":2}'],
    ["a comma too many", '{"a":1,}'],
    ["a missing value", '{"a":,"b":1}'],
    ["a string that sticks to a word", '{"a":x"}","model":"evil"}'],
    ["an unknown escape in a name", '{"mod\\xel":1}'],
  ])("refuses %s", (_, text) => {
    expect(refusal(() => find(text, "model"))).toMatchObject({ code: "BODY_INVALID" });
  });

  test("refuses 100,000 levels of nesting without running out of stack", () => {
    const deep = `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect(refusal(() => find(deep, "a")).message).toContain("512 levels");
  });

  test("takes the deepest nesting allowed and refuses one level more", () => {
    const nested = (levels: number): string => `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
    expect(find(nested(maxDepth), "a")["a"]).toHaveLength(2 * (maxDepth - 1));
    expect(refusal(() => find(nested(maxDepth + 1), "a"))).toMatchObject({ code: "BODY_INVALID" });
  });
});

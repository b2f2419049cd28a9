import { describe, expect, test } from "vitest";
import { composer, plainProse, type Wanted } from "../../../../src/core/simulator/compose.ts";
import { createRng } from "../../../../src/core/rng.ts";
import { splitTokens } from "../../../../src/core/simulator/tokens.ts";

const weather = { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } };
const time = { name: "time", parameters: { type: "object", properties: { zone: { enum: ["UTC", "CET"] } } } };
const news = { name: "news", parameters: undefined };

function parts(wanted: Partial<Wanted>, seed = 1) {
  return composer({ ...plainProse, ...wanted })?.(40, createRng(seed));
}

describe("composer", () => {
  test("makes no more prose than is wanted, and the same as the beginning of more", () => {
    const compose = composer({ ...plainProse, reasoningShare: 0.5 })!;
    const [thought, said] = compose(1_000_000_000, createRng(1), 6);
    expect([thought, said]).toMatchObject([{ kind: "reasoning" }, { kind: "text" }]);
    expect([thought!.tokens.length, said!.tokens.length]).toEqual([6, 6]);
    expect(compose(100, createRng(1))[0]!.tokens.slice(0, 6)).toEqual(thought!.tokens);
  });

  test("leaves prose to others", () => {
    expect(parts({})).toBeUndefined();
    expect(parts({ tools: [weather], choice: "none" })).toBeUndefined();
    expect(parts({ tools: [weather], afterToolResult: true })).toBeUndefined();
    expect(parts({ choice: "required" })).toBeUndefined();
  });

  test("calls a tool with arguments in JSON", () => {
    const [call] = parts({ tools: [weather] })!;
    expect(call).toMatchObject({ kind: "call", name: "weather" });
    expect(JSON.parse(call!.text)).toEqual({ city: expect.any(String) });
    expect(call!.tokens.join("")).toBe(call!.text);
  });

  test("calls one tool, where calls may not be parallel", () => {
    for (let seed = 0; seed < 50; seed += 1)
      expect(parts({ tools: [weather, time, news], parallel: false }, seed)).toHaveLength(1);
  });

  test("calls up to three different tools, where they may", () => {
    const counts = Array.from({ length: 50 }, (_, seed) => {
      const names = parts({ tools: [weather, time, news] }, seed)!.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      return names.length;
    });
    expect(new Set(counts)).toEqual(new Set([1, 2, 3]));
  });

  test("calls the named tool", () => {
    const called = parts({ tools: [weather, time], choice: { name: "time" } })!;
    expect(called.map(({ name }) => name)).toEqual(["time"]);
  });

  test("calls a tool after a tool's result only where it must", () => {
    expect(parts({ tools: [weather], choice: "required", afterToolResult: true })![0]!.kind).toBe("call");
  });

  test.each([{}, { description: "anything" }, { anyOf: [{ required: ["a"] }] }])(
    "gives arguments that are an object, whatever %j leaves open",
    (parameters) => {
      const [call] = parts({ tools: [{ name: "any", parameters }] })!;
      expect(JSON.parse(call!.text)).toBeTypeOf("object");
    },
  );

  test("calls a tool that takes text with text, of its pattern where it has one", () => {
    const [plain] = parts({ tools: [{ name: "say", parameters: undefined, input: {} }] })!;
    expect(plain!.text).toMatch(/^[A-Z]\w* /);
    const [plate] = parts({ tools: [{ name: "plate", parameters: undefined, input: { pattern: "[A-Z]{2}\\d" } }] })!;
    expect(plate!.text).toMatch(/^[A-Z]{2}\d$/);
    expect(plate!.tokens.join("")).toBe(plate!.text);
  });

  test("writes JSON where JSON is wanted", () => {
    const [text] = parts({ json: "object" })!;
    expect(JSON.parse(text!.text)).toEqual({ answer: expect.any(String), confidence: expect.any(Number) });
  });

  test("reasons first, with the share of tokens that is wanted", () => {
    const [reasoning, text] = parts({ reasoningShare: 0.25 })!;
    expect([reasoning!.kind, reasoning!.tokens.length]).toEqual(["reasoning", 10]);
    expect([text!.kind, text!.tokens.length]).toEqual(["text", 30]);
  });
});

test.each(["", "plain words", `{"a":"héllo 🎉","b":[1,2]}`, "x".repeat(500), "日本語のテキスト"])(
  "the tokens of %j joined are the text again",
  (text) => {
    expect(splitTokens(text).join("")).toBe(text);
  },
);

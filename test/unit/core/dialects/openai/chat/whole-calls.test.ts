import { describe, expect, test } from "vitest";
import { findOperation } from "../../../../../../src/core/dialects/index.ts";
import { framesOf } from "../../../../../support/frames.ts";
import { chunksOf, open, scriptOf } from "../../support.ts";

const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
const request = { model: "m", messages: [{ role: "user", content: "hi" }], tools, stream: true };
const calls = [
  { kind: "call" as const, name: "weather", tokens: ['{"city"', ":", '"Oslo"}'], text: '{"city":"Oslo"}' },
  { kind: "call" as const, name: "weather", tokens: ["{", "}"], text: "{}" },
];

function streamAt(target: string) {
  const { operation } = findOperation("POST", target, {});
  const script = scriptOf(["1", "2", "3", "4", "5"], { parts: calls });
  return open(operation!, request, { target }).ask().write(script);
}

describe.each(["/mistral/v1/chat/completions", "/groq/openai/v1/chat/completions"])("a stream of %s", (target) => {
  test("tells each call of a tool in one chunk", () => {
    const told = chunksOf(streamAt(target)).flatMap((chunk) => {
      const list = chunk["choices"]?.[0]?.["delta"]?.["tool_calls"];
      return list === undefined ? [] : [list];
    });
    expect(told).toEqual(
      calls.map(({ name, text }, index) => [
        { index, id: expect.any(String), type: "function", function: { name, arguments: text } },
      ]),
    );
  });

  test("tells a call when its last token is there, and counts all of them", () => {
    const frames = framesOf(streamAt(target)).filter(({ tokens }) => tokens > 0);
    expect(frames.map(({ atMs, tokens }) => ({ atMs, tokens }))).toEqual([
      { atMs: 330, tokens: 3 },
      { atMs: 360, tokens: 2 },
    ]);
  });
});

test("a stream of OpenAI's tells the arguments of a call piece by piece", () => {
  const told = framesOf(streamAt("/v1/chat/completions")).filter(({ tokens }) => tokens > 0);
  expect(told.map(({ atMs }) => atMs)).toEqual([300, 315, 330, 345, 360]);
});
